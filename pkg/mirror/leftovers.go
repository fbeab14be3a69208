package mirror

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/tags"
)

// LeftoverClass is the origin of a tag that no mapping writes.
type LeftoverClass string

// The classes.
const (
	LeftoverOurs      LeftoverClass = "ours"         // written by mirror, according to its record
	LeftoverOnce      LeftoverClass = "once-mapped"  // a mapping wrote it once
	LeftoverMatched   LeftoverClass = "once-matched" // a wildcard writes, or once wrote, tags like it
	LeftoverNever     LeftoverClass = "never-mapped" // unknown origin: it may belong to somebody else
	LeftoverReferrers LeftoverClass = "referrers"    // a list of referrers, or one of cosign's tags
	LeftoverBackup    LeftoverClass = "backup"       // a backup of a tag that is or was mirrored
	LeftoverRecord    LeftoverClass = "record"       // the record of a tag that no longer exists
	LeftoverUnknown   LeftoverClass = "unknown"      // it could not be read
)

// Leftover is a tag that no mapping writes.
type Leftover struct {
	Repository string        `json:"repository"`
	Tag        string        `json:"tag"` // "" when Error is about more than one tag
	Class      LeftoverClass `json:"class"`
	Digest     string        `json:"digest,omitempty"`
	Created    *time.Time    `json:"created,omitempty"`   // creation time of the image; nil if the image does not have it
	Published  []string      `json:"published,omitempty"` // tags with the same digest that a mapping writes
	Also       []string      `json:"also,omitempty"`      // all other tags of the repository with the same digest
	Error      string        `json:"error,omitempty"`
}

// LeftoverOptions control [Leftovers].
type LeftoverOptions struct {
	Client *registry.Client
	Backup *mapping.Backup // the backup template of the runs, or nil
	// Once are copies that earlier mappings made. Their repositories are
	// searched too.
	Once []mapping.Pair
	// Elsewhere are copies of mappings outside the plan. The tags that they
	// write are not leftovers.
	Elsewhere []mapping.Pair
	Parallel  int // concurrent requests
}

// Leftovers lists the tags that the plan does not write in the repositories of
// its destinations, by repository and tag. It only reads, and reads each tag
// once. For a repository that cannot be listed, and for a wildcard whose source
// cannot be listed, the result has one leftover without a tag and with an
// error; tags that such a wildcard may write are left out.
func Leftovers(ctx context.Context, plan *Plan, opts LeftoverOptions) []Leftover {
	opts.Parallel = max(1, opts.Parallel)
	f := &leftoverFinder{opts: opts, lists: tags.NewLists(opts.Client.Lists)}
	repos := searched(plan, opts)
	found := make([][]Leftover, len(repos))
	flight.Each(len(repos), opts.Parallel, func(i int) { found[i] = f.in(ctx, repos[i]) })
	return append([]Leftover{}, slices.Concat(found...)...)
}

type leftoverFinder struct {
	opts  LeftoverOptions
	lists *tags.Lists
	facts flight.Group[imageKey, imageFacts]
}

type imageKey struct {
	repo   registry.Repository
	digest digest.Digest
	aged   bool // the age is wanted
}

// imageFacts are the facts of an image that do not depend on its tags.
type imageFacts struct {
	created  *time.Time
	isRecord bool
}

// in finds the leftovers of one repository.
func (f *leftoverFinder) in(ctx context.Context, m *searchedRepo) []Leftover {
	listed, err := f.lists.Of(ctx, m.repo)
	switch {
	case registry.NotFound(err):
		return nil // the repository does not exist
	case err != nil:
		return []Leftover{f.unknown(m, err)}
	}
	out, hidden := f.expand(ctx, m)
	left := slices.DeleteFunc(m.unwritten(listed), func(tag string) bool { return matchesAny(hidden, tag) })
	if len(left) == 0 {
		return out
	}
	known := f.opts.Client.Listed(ctx, m.repo, listed)
	digests, err := f.published(ctx, m, listed, known)
	if err != nil {
		out = append(out, f.unknown(m, fmt.Errorf("cannot tell everything that is still published: %w", err)))
	}
	looked := make([]lookedTag, len(left))
	flight.Each(len(left), f.opts.Parallel, func(i int) { looked[i] = f.look(ctx, m.repo, left[i], listed, known) })
	class := newClassifier(m, listed, f.opts.Backup)
	for i, l := range looked {
		l.Class = class.of(l)
		if l.Digest != "" {
			d := digests[l.Digest]
			d.left = append(d.left, left[i])
			digests[l.Digest] = d
		}
		out = append(out, l.Leftover)
	}
	for i := range out {
		if d, tag := digests[out[i].Digest], out[i].Tag; out[i].Digest != "" {
			out[i].Published = d.written
			others := slices.DeleteFunc(slices.Concat(d.written, d.left), func(t string) bool { return t == tag })
			slices.Sort(others)
			out[i].Also = others
		}
	}
	return out
}

// unknown returns the leftover for a repository that could not be searched.
func (f *leftoverFinder) unknown(m *searchedRepo, err error) Leftover {
	return Leftover{Repository: m.repo.String(), Class: LeftoverUnknown, Error: f.printable(err)}
}

// printable returns the text of an error without secrets.
func (f *leftoverFinder) printable(err error) string {
	return printable(f.opts.Client.Scrub(err.Error()))
}

// expand adds the tags that wildcards write. If a source cannot be listed, any
// tag that matches its pattern may be in use: these patterns are returned as
// hidden.
func (f *leftoverFinder) expand(ctx context.Context, m *searchedRepo) (problems []Leftover, hidden []string) {
	for _, t := range m.wild {
		pattern := tagPattern(t.Source)
		from, err := f.lists.Of(ctx, registry.Repository{Host: t.Source.Host(), Path: t.Source.Path()})
		if err != nil {
			hidden = append(hidden, pattern)
			err = fmt.Errorf("%s: cannot tell which of the tags that match %s are left over: %w", t.Destination.Pos, pattern, err)
			problems = append(problems, f.unknown(m, err))
			continue
		}
		for _, tag := range from {
			if mapping.MatchTag(pattern, tag) && !tags.IsRecord(tag) {
				m.written[tag] = true
			}
		}
	}
	return problems, hidden
}

// sameDigest are the tags of a repository that hold one image.
type sameDigest struct{ written, left []string }

// published finds the tags that mappings write, by digest. The error is the
// first of those that could not be read.
func (f *leftoverFinder) published(ctx context.Context, m *searchedRepo, listed []string, known map[string]registry.Listed) (map[string]sameDigest, error) {
	written := slices.DeleteFunc(slices.Clone(listed), func(t string) bool { return !m.written[t] })
	holds, failed := make([]digest.Digest, len(written)), make([]error, len(written))
	flight.Each(len(written), f.opts.Parallel, func(i int) {
		if holds[i] = known[written[i]].Digest; holds[i] == "" {
			found, err := f.opts.Client.Resolve(ctx, m.repo, written[i])
			holds[i], failed[i] = found.Digest, err
		}
	})
	out := map[string]sameDigest{}
	for i, d := range holds {
		if d != "" {
			same := out[string(d)]
			same.written = append(same.written, written[i])
			out[string(d)] = same
		}
	}
	return out, cmp.Or(failed...)
}

// lookedTag is a tag and its content.
type lookedTag struct {
	Leftover
	recorded bool // written by mirror, according to its record
	isRecord bool // it is a record itself
}

// look reads what a tag holds: its digest and age, and whether it has a record.
func (f *leftoverFinder) look(ctx context.Context, repo registry.Repository, tag string, listed []string, known map[string]registry.Listed) lookedTag {
	l := lookedTag{Leftover: Leftover{Repository: repo.String(), Tag: tag}}
	facts, d, err := f.image(ctx, repo, tag, known[tag].Digest)
	if err != nil {
		l.Error = f.printable(err)
		return l
	}
	l.Digest, l.Created, l.isRecord = string(d), facts.created, facts.isRecord && tags.IsRecord(tag)
	record := tags.RecordTag(tag)
	if _, ok := slices.BinarySearch(listed, record); ok {
		m, err := f.opts.Client.Manifest(ctx, repo, record)
		if err != nil {
			l.Error = f.printable(fmt.Errorf("cannot read its record: %w", err))
		}
		l.recorded = err == nil && tags.Recorded(m, tag, d)
	}
	return l
}

// image reads the image of a tag. It sends no request if a list has the digest,
// and another tag with the same digest was read.
func (f *leftoverFinder) image(ctx context.Context, repo registry.Repository, tag string, listed digest.Digest) (imageFacts, digest.Digest, error) {
	key := imageKey{repo, listed, !ofReferrers(tag)}
	var m registry.Manifest
	if listed == "" {
		var err error
		if m, err = f.opts.Client.Manifest(ctx, repo, tag); err != nil {
			return imageFacts{}, "", err
		}
		key.digest = m.Digest
	}
	facts, err := f.facts.Do(ctx, key, func() (imageFacts, error) {
		if listed != "" {
			var err error
			if m, err = f.opts.Client.Manifest(ctx, repo, string(listed)); err != nil {
				return imageFacts{}, err
			}
		}
		facts := imageFacts{isRecord: tags.OfRecord(m)}
		if key.aged && !facts.isRecord {
			facts.created = f.age(ctx, repo, m)
		}
		return facts, nil
	})
	return facts, key.digest, err
}
