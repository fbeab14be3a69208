// Package routes joins the facts of a release repository into routes: which
// image goes where, by which line, set and job, what publishes it, and who
// mirrors it on.
//
// The package promises:
//
//   - it reads nothing but the tree it is given, and never changes it;
//   - routes come in the order of sets, files and lines;
//   - what the tree does not show stays unknown: see [Origin] and [Route.Sure].
package routes

import (
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// CIImages is the name under which the copies of ci-images-mirror are kept, as if
// it were a set: no job mirrors them, but a service of its own.
const CIImages = "ci-images-mirror"

// Route is one copy that a mapping file, or the configuration of
// ci-images-mirror, asks for.
type Route struct {
	Set *release.Set
	// Pair has the digest of its source as that of the destination where the
	// image is pushed without a tag.
	mapping.Pair
	// Jobs mirror the file, in the order of the jobs file. Dry are jobs that go
	// over it and copy nothing.
	Jobs, Dry []*release.Job
	// Sure reports whether Jobs are all of them: false when there is no jobs
	// file, or a job of it that may mirror the file names its mappings in a form
	// that cannot be read.
	Sure bool
}

// Pos is the place of the destination, which two routes never share.
func (r *Route) Pos() source.Position { return r.Destination.Pos }

// Index finds the routes of a tree.
type Index struct {
	Tree *release.Tree
	All  []*Route

	sources places
	written places
}

// New makes the routes of a tree.
func New(tree *release.Tree) *Index {
	x := &Index{Tree: tree, sources: places{}, written: places{}}
	sets, dry := map[*release.Set]bool{}, dryRuns(tree)
	for _, m := range tree.Mappings() {
		var jobs, idle []*release.Job
		for _, j := range tree.Runs().Of(m) {
			if dry[j] {
				idle = append(idle, j)
			} else {
				jobs = append(jobs, j)
			}
		}
		sure, ok := sets[m.Set]
		if !ok {
			sure = known(tree, m.Set)
			sets[m.Set] = sure
		}
		for pair := range m.Pairs() {
			if d := &pair.Destination; d.Tag == "" && d.Scheme == "" { // pushed by its digest alone
				d.Digest = pair.Source.Digest
			}
			r := &Route{Set: m.Set, Pair: pair, Jobs: jobs, Dry: idle, Sure: sure}
			x.add(r)
		}
	}
	images := tree.CIImages()
	service := &release.Set{Name: CIImages, Dir: tree.Layout.Mirroring}
	for _, i := range images.All() {
		if _, ignored := images.IgnoredAs(i.From); !ignored {
			x.add(&Route{Set: service, Pair: i.Pair})
		}
	}
	return x
}

func (x *Index) add(r *Route) {
	x.All = append(x.All, r)
	x.sources.add(r.Source, r)
	x.written.add(r.Destination, r)
}

// ByService reports whether ci-images-mirror copies the image, and no job.
func (r *Route) ByService() bool { return r.Set.Name == CIImages && len(r.Jobs) == 0 && !r.Sure }

// Writers gives the routes that write an image: those that name it, then those
// whose pattern covers it.
func (x *Index) Writers(r mapping.Reference) []*Route { return x.written.covering(r) }

// Readers gives the routes whose source is an image, or may be one of those that
// a pattern stands for.
func (x *Index) Readers(r mapping.Reference) []*Route { return x.sources.covering(r) }

// places are routes by the canonical repository of one of their sides.
type places map[string]*place

// place are the routes at one repository: those of one image by its tag or
// digest, and those of patterns.
type place struct {
	exact    map[string][]*Route
	patterns []pattern
}

type pattern struct {
	tags  string
	route *Route
}

func (p places) add(r mapping.Reference, route *Route) {
	name := r.CanonicalRepository()
	at := p[name]
	if at == nil {
		at = &place{exact: map[string][]*Route{}}
		p[name] = at
	}
	if r.Wildcard() {
		at.patterns = append(at.patterns, pattern{Tags(r), route})
		return
	}
	key := exact(r)
	at.exact[key] = append(at.exact[key], route)
}

func (p places) covering(r mapping.Reference) []*Route {
	at := p[r.CanonicalRepository()]
	if at == nil {
		return nil
	}
	if r.Digest != "" || r.Scheme != "" { // nobody knows which tags have this digest
		return at.exact[exact(r)]
	}
	var found []*Route
	if r.Wildcard() {
		for _, key := range slices.Sorted(maps.Keys(at.exact)) {
			if !strings.HasPrefix(key, "@") && mapping.MatchTag(Tags(r), key) {
				found = append(found, at.exact[key]...)
			}
		}
	} else {
		found = slices.Clone(at.exact[exact(r)])
	}
	for _, o := range at.patterns {
		if mapping.TagsOverlap(o.tags, Tags(r)) {
			found = append(found, o.route)
		}
	}
	return found
}

// exact tells the images of one repository apart: by digest where one is given,
// because then the tag says nothing.
func exact(r mapping.Reference) string {
	if r.Digest != "" {
		return "@" + r.Digest
	}
	return r.Tag
}

// Key tells images, and patterns of them, apart: the canonical repository with
// the digest or, where none is given, the tag or its pattern.
func Key(r mapping.Reference) string {
	switch {
	case r.Scheme != "":
		return r.Text
	case r.Digest != "":
		return r.CanonicalRepository() + "@" + r.Digest
	}
	return r.CanonicalRepository() + ":" + Tags(r)
}

// Tags gives the tag of a reference, or the pattern of those that it stands for.
func Tags(r mapping.Reference) string {
	if r.Tag == "" && r.Wildcard() {
		return "*"
	}
	return r.Tag
}

// Unread gives the mirroring jobs whose mappings cannot be read.
func Unread(tree *release.Tree) []*release.Job {
	if tree.Jobs == nil {
		return nil
	}
	var jobs []*release.Job
	for _, j := range tree.Jobs.Jobs {
		if j.Mirrors && !j.Mappings.Known {
			jobs = append(jobs, j)
		}
	}
	return jobs
}

// known reports whether no job that cannot be read may mirror the files of a set.
func known(tree *release.Tree, set *release.Set) bool {
	if tree.Jobs == nil || tree.Jobs.Root == nil && len(tree.Jobs.Text) > 0 {
		return false
	}
	return !tree.Runs().Unknown(set)
}
