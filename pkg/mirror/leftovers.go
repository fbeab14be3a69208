package mirror

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
)

// LeftoverClass tells where a tag comes from that no mapping writes any more.
type LeftoverClass string

// The classes.
const (
	LeftoverOurs      LeftoverClass = "ours"         // its record tells that we wrote what it holds
	LeftoverOnce      LeftoverClass = "once-mapped"  // a mapping wrote it once
	LeftoverNever     LeftoverClass = "never-mapped" // nothing is known of it: somebody else's
	LeftoverReferrers LeftoverClass = "referrers"    // a list of referrers, or one of cosign's tags
	LeftoverBackup    LeftoverClass = "backup"       // of a tag that is mirrored
	LeftoverRecord    LeftoverClass = "record"       // of a tag that is no more
	LeftoverUnknown   LeftoverClass = "unknown"      // it could not be looked at
)

// Leftover is a tag that no mapping writes any more.
type Leftover struct {
	Repository string        `json:"repository"`
	Tag        string        `json:"tag"`
	Class      LeftoverClass `json:"class"`
	Digest     string        `json:"digest,omitempty"`
	Created    *time.Time    `json:"created,omitempty"` // of the image; nil where it does not tell
	Also       []string      `json:"also,omitempty"`    // other tags of the repository with the same digest
	Error      string        `json:"error,omitempty"`
}

// LeftoverOptions tell how leftovers are looked for.
type LeftoverOptions struct {
	Client *registry.Client
	Backup *mapping.Backup // that of the runs
	// Once reports whether a mapping once wrote a destination, given in canonical
	// form; nil: that is not known.
	Once     func(canonical string) bool
	Parallel int // repositories looked at at a time
}

// Leftovers lists the tags in the repositories of a plan's destinations that the
// plan does not write, by repository and tag. It only reads. A repository that
// cannot be listed is one leftover without a tag, with an error.
func Leftovers(ctx context.Context, plan *Plan, opts LeftoverOptions) []Leftover {
	f := &leftoverFinder{opts: opts, lists: tags.NewLists(opts.Client)}
	repos := f.destinations(plan)
	found := make([][]Leftover, len(repos))
	spread(len(repos), max(1, opts.Parallel), func(i int) { found[i] = f.in(ctx, repos[i]) })
	return slices.Concat(found...)
}

type leftoverFinder struct {
	opts  LeftoverOptions
	lists *tags.Lists
}

// mirroredRepo is a repository and what the plan writes there.
type mirroredRepo struct {
	repo    registry.Repository
	written map[string]bool // tags
	sources []Target        // with wildcards
}

// destinations returns the repositories of a plan's destinations, sorted.
func (f *leftoverFinder) destinations(plan *Plan) []*mirroredRepo {
	at := map[registry.Repository]*mirroredRepo{}
	for _, g := range plan.Groups {
		for _, t := range g.Targets {
			repo := registry.Repository{Host: t.Destination.Host(), Path: t.Destination.Path()}
			m, ok := at[repo]
			if !ok {
				m = &mirroredRepo{repo: repo, written: map[string]bool{}}
				at[repo] = m
			}
			if g.Source.Wildcard() {
				m.sources = append(m.sources, t)
			} else if t.Destination.Tag != "" {
				m.written[t.Destination.Tag] = true
			}
		}
	}
	var out []*mirroredRepo
	for _, m := range at {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *mirroredRepo) int { return cmp.Compare(a.repo.String(), b.repo.String()) })
	return out
}

// in finds the leftovers of one repository.
func (f *leftoverFinder) in(ctx context.Context, m *mirroredRepo) []Leftover {
	listed, err := f.lists.Of(ctx, m.repo)
	if err == nil {
		err = f.expand(ctx, m)
	}
	if registry.NotFound(err) && len(listed) == 0 {
		return nil // there is no such repository
	}
	if err != nil {
		return []Leftover{{Repository: m.repo.String(), Class: LeftoverUnknown, Error: printable(err.Error())}}
	}
	digests := f.digests(ctx, m, listed)
	var out []Leftover
	for _, tag := range listed {
		subject, isRecord := strings.CutPrefix(tag, tags.RecordPrefix)
		gone := isRecord && !strings.HasPrefix(subject, "sha256-") && !slices.Contains(listed, subject)
		if m.written[tag] || isRecord && !gone {
			continue
		}
		l := Leftover{Repository: m.repo.String(), Tag: tag, Class: f.class(m, tag)}
		f.look(ctx, m.repo, listed, &l)
		if gone {
			l.Class = LeftoverRecord
		}
		digests[l.Digest] = append(digests[l.Digest], tag)
		out = append(out, l)
	}
	for i := range out {
		if out[i].Digest != "" {
			out[i].Also = slices.DeleteFunc(slices.Sorted(slices.Values(digests[out[i].Digest])), func(t string) bool { return t == out[i].Tag })
		}
	}
	return out
}

// expand adds the tags that wildcards write.
func (f *leftoverFinder) expand(ctx context.Context, m *mirroredRepo) error {
	for _, t := range m.sources {
		from, err := f.lists.Of(ctx, registry.Repository{Host: t.Source.Host(), Path: t.Source.Path()})
		if err != nil {
			return err // what it writes is not known, so nothing can be called left over
		}
		for _, tag := range from {
			if mapping.MatchTag(cmp.Or(t.Source.Tag, "*"), tag) {
				m.written[tag] = true
			}
		}
	}
	return nil
}

// digests returns the tags that the plan writes by what they hold.
func (f *leftoverFinder) digests(ctx context.Context, m *mirroredRepo, listed []string) map[string][]string {
	out := map[string][]string{}
	written := slices.DeleteFunc(slices.Clone(listed), func(t string) bool { return !m.written[t] })
	if len(written) == len(listed) {
		return out // nothing is left over
	}
	known := f.opts.Client.Listed(ctx, m.repo, written)
	for _, tag := range written {
		d := known[tag].Digest
		if d == "" {
			if found, err := f.opts.Client.Resolve(ctx, m.repo, tag); err == nil {
				d = found.Digest
			}
		}
		if d != "" {
			out[string(d)] = append(out[string(d)], tag)
		}
	}
	return out
}

// class tells by its name where a tag comes from.
func (f *leftoverFinder) class(m *mirroredRepo, tag string) LeftoverClass {
	base, _, _ := strings.Cut(tag, ".")
	if d := digest.Digest(strings.Replace(base, "-", ":", 1)); d.Validate() == nil {
		return LeftoverReferrers
	}
	if f.opts.Backup != nil {
		for written := range m.written {
			if pattern, err := f.opts.Backup.Pattern(written); err == nil && mapping.MatchTag(pattern, tag) {
				return LeftoverBackup
			}
		}
	}
	if f.opts.Once != nil && f.opts.Once(m.repo.String()+":"+tag) {
		return LeftoverOnce
	}
	return LeftoverNever
}

// look reads what a leftover holds: its digest, its age, and whether its record
// tells that it is ours.
func (f *leftoverFinder) look(ctx context.Context, repo registry.Repository, listed []string, l *Leftover) {
	m, err := f.opts.Client.Manifest(ctx, repo, l.Tag)
	if err != nil {
		l.Class, l.Error = LeftoverUnknown, printable(err.Error())
		return
	}
	l.Digest, l.Created = string(m.Digest), f.created(ctx, repo, m)
	if l.Class != LeftoverOnce && l.Class != LeftoverNever {
		return
	}
	record := tags.RecordTag(l.Tag)
	if _, ok := slices.BinarySearch(listed, record); !ok {
		return
	}
	if body, err := f.opts.Client.Manifest(ctx, repo, record); err == nil && tags.Recorded(body, l.Tag, m.Digest) {
		l.Class = LeftoverOurs
	}
}

// created reads when an image was made: from its annotations or its
// configuration.
func (f *leftoverFinder) created(ctx context.Context, repo registry.Repository, m registry.Manifest) *time.Time {
	var noted struct {
		Annotations map[string]string `json:"annotations"`
	}
	if json.Unmarshal(m.Body, &noted) == nil {
		if t, err := time.Parse(time.RFC3339, noted.Annotations["org.opencontainers.image.created"]); err == nil {
			return &t
		}
	}
	content, err := m.Content()
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
