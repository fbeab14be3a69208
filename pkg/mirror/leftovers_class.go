package mirror

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
)

// searchedRepo is a repository that may have leftovers.
type searchedRepo struct {
	repo      registry.Repository
	written   map[string]bool // tags that mappings write
	wild      []Target        // of the plan, with a wildcard as source
	elsewhere []string        // patterns that wildcards of other mappings write
	once      map[string]bool // tags that mappings wrote once
	onceWild  []string        // patterns of wildcards that mappings had once
}

// searched returns the repositories that a plan writes to and that mappings once
// wrote to, sorted.
func searched(plan *Plan, opts LeftoverOptions) []*searchedRepo {
	at := map[registry.Repository]*searchedRepo{}
	in := func(ref mapping.Reference) *searchedRepo {
		repo := registry.Repository{Host: ref.Host(), Path: ref.Path()}
		if at[repo] == nil {
			at[repo] = &searchedRepo{repo: repo, written: map[string]bool{}, once: map[string]bool{}}
		}
		return at[repo]
	}
	for _, g := range plan.Groups {
		for _, t := range g.Targets {
			switch m := in(t.Destination); {
			case g.Source.Wildcard():
				m.wild = append(m.wild, t)
			case t.Destination.Tag != "":
				m.written[t.Destination.Tag] = true
			}
		}
	}
	for _, p := range opts.Once {
		switch m := in(p.Destination); {
		case p.Source.Wildcard():
			m.onceWild = append(m.onceWild, tagPattern(p.Source))
		case p.Destination.Tag != "":
			m.once[p.Destination.Tag] = true
		}
	}
	for _, p := range opts.Elsewhere {
		m, ok := at[registry.Repository{Host: p.Destination.Host(), Path: p.Destination.Path()}]
		switch {
		case !ok:
		case p.Source.Wildcard():
			m.elsewhere = append(m.elsewhere, tagPattern(p.Source))
		case p.Destination.Tag != "":
			m.written[p.Destination.Tag] = true
		}
	}
	return slices.SortedFunc(maps.Values(at), func(a, b *searchedRepo) int { return cmp.Compare(a.repo.String(), b.repo.String()) })
}

// unwritten returns the listed tags that no mapping writes. A record belongs to
// its tag, if that exists or will again. Invalid tags are left out, because
// they can be neither written nor read.
func (m *searchedRepo) unwritten(listed []string) []string {
	records := map[string]bool{}
	for tag := range m.written {
		records[tags.RecordTag(tag)] = true
	}
	for _, tag := range listed {
		if !tags.IsRecord(tag) {
			records[tags.RecordTag(tag)] = true
		}
	}
	var out []string
	for _, tag := range listed {
		if !m.written[tag] && !records[tag] && !matchesAny(m.elsewhere, tag) && mapping.ValidTag(tag) {
			out = append(out, tag)
		}
	}
	return out
}

// matched reports whether a wildcard writes such a tag, or once did.
func (m *searchedRepo) matched(tag string) bool {
	return matchesAny(m.onceWild, tag) ||
		slices.ContainsFunc(m.wild, func(t Target) bool { return mapping.MatchTag(tagPattern(t.Source), tag) })
}

// tagPattern returns the pattern of the tags that a source with a wildcard stands
// for.
func tagPattern(source mapping.Reference) string { return cmp.Or(source.Tag, "*") }

func matchesAny(patterns []string, tag string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return mapping.MatchTag(p, tag) })
}

// classifier finds the class of a repository's leftovers.
type classifier struct {
	repo    *searchedRepo
	backups map[int][]mapping.BackupNames // of tags that are or were mirrored, by length
}

func newClassifier(m *searchedRepo, listed []string, backup *mapping.Backup) *classifier {
	c := &classifier{m, map[int][]mapping.BackupNames{}}
	if backup == nil {
		return c
	}
	mirrored := maps.Clone(m.written)
	maps.Copy(mirrored, m.once)
	for _, tag := range listed {
		if m.matched(tag) {
			mirrored[tag] = true
		}
	}
	seen := map[mapping.BackupNames]bool{}
	for tag := range mirrored {
		if names, err := backup.Names(tag); err == nil && !seen[names] {
			seen[names] = true
			c.backups[names.Len()] = append(c.backups[names.Len()], names)
		}
	}
	return c
}

func (c *classifier) of(l lookedTag) LeftoverClass {
	switch {
	case l.Error != "":
		return LeftoverUnknown
	case l.isRecord:
		return LeftoverRecord
	case ofReferrers(l.Tag):
		return LeftoverReferrers
	case l.recorded:
		return LeftoverOurs
	case slices.ContainsFunc(c.backups[len(l.Tag)], func(n mapping.BackupNames) bool { return n.Match(l.Tag) }):
		return LeftoverBackup
	case c.repo.once[l.Tag]:
		return LeftoverOnce
	case c.repo.matched(l.Tag):
		return LeftoverMatched
	default:
		return LeftoverNever
	}
}

// ofReferrers reports whether a tag is named after a digest: it is a list of
// referrers, in registries without the referrers API, or a signature by cosign.
// The distribution specification cuts long digests to 64 characters.
func ofReferrers(tag string) bool {
	base, _, _ := strings.Cut(tag, ".")
	algorithm, hex, _ := strings.Cut(base, "-")
	switch algorithm {
	case "sha256", "sha512":
		return len(hex) == 64 && digest.NewDigestFromEncoded(digest.SHA256, hex).Validate() == nil
	}
	return false
}

// age reads when an image was made: from its annotations or its configuration.
func (f *leftoverFinder) age(ctx context.Context, repo registry.Repository, m registry.Manifest) *time.Time {
	var noted struct {
		Annotations map[string]string `json:"annotations"`
	}
	if json.Unmarshal(m.Body, &noted) == nil {
		if t, err := time.Parse(time.RFC3339, noted.Annotations["org.opencontainers.image.created"]); err == nil {
			return &t
		}
	}
	content, err := m.Content()
	if err == nil && len(content.Children) > 0 { // all were made together
		m, err = f.opts.Client.Manifest(ctx, repo, string(content.Children[0].Digest))
		if err == nil {
			content, err = m.Content()
		}
	}
	if err != nil || len(content.Blobs) == 0 || registry.IsIndex(m.MediaType) {
		return nil
	}
	data, err := f.opts.Client.SmallBlob(ctx, repo, content.Blobs[0])
	var config struct {
		Created *time.Time `json:"created"`
	}
	if err != nil || json.Unmarshal(data, &config) != nil || config.Created == nil || config.Created.Year() < 1990 {
		return nil
	}
	return config.Created
}
