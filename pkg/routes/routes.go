// Package routes joins the facts of a release repository into routes: which
// image is copied where, by which line, set and job, what publishes it, and which
// lines read the destination.
//
// The package promises:
//
//   - it reads only the given tree and never changes it;
//   - routes are in the order of sets, files and lines;
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

// CIImages is the name of the set that holds the copies of the service
// ci-images-mirror. No job mirrors them.
const CIImages = "ci-images-mirror"

// Route is one copy from a mapping file or from the configuration of
// ci-images-mirror.
type Route struct {
	Set *release.Set
	// Pair has the digest of the source in the destination if the image is
	// pushed without a tag.
	mapping.Pair
	// Stripped is what the jobs leave out of the tags of a wildcard source.
	Stripped string
	// Jobs mirror the file, in the order of the jobs file. Dry are jobs that read
	// it and copy nothing.
	Jobs, Dry []*release.Job
	// Sure reports whether Jobs is complete. It is false if there is no jobs
	// file, or if a job that may mirror the file selects its mappings in an
	// unknown way.
	Sure bool
}

// Pos returns the position of the destination, which no two routes share.
func (r *Route) Pos() source.Position { return r.Destination.Pos }

// Index finds the routes of a tree.
type Index struct {
	Tree *release.Tree
	All  []*Route

	sources places
	written places
}

// New builds the routes of a tree.
func New(tree *release.Tree) *Index {
	x := &Index{Tree: tree, sources: places{}, written: places{}}
	sets := map[*release.Set]bool{}
	for _, m := range tree.Mappings() {
		var jobs, idle []*release.Job
		for _, j := range tree.Runs().Of(m) {
			if dryRun(j) {
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
			stripped := release.StrippedPrefix(jobs, pair.Source)
			pair.Destination.Tag = strings.TrimPrefix(pair.Destination.Tag, stripped)
			r := &Route{Set: m.Set, Pair: pair, Stripped: stripped, Jobs: jobs, Dry: idle, Sure: sure}
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

// ByService reports whether ci-images-mirror, and no job, copies the image.
func (r *Route) ByService() bool { return r.Set.Name == CIImages && len(r.Jobs) == 0 && !r.Sure }

// Writers returns the routes that write an image: those that name it, then those
// whose pattern matches it.
func (x *Index) Writers(r mapping.Reference) []*Route { return x.written.covering(r) }

// Readers returns the routes whose source is an image or a pattern that matches
// it.
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
		at.patterns = append(at.patterns, pattern{r.Tags(), route})
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
	if r.Digest != "" || r.Scheme != "" { // the tags with this digest are not known
		return at.exact[exact(r)]
	}
	var found []*Route
	if r.Wildcard() {
		for _, key := range slices.Sorted(maps.Keys(at.exact)) {
			if !strings.HasPrefix(key, "@") && mapping.MatchTag(r.Tags(), key) {
				found = append(found, at.exact[key]...)
			}
		}
	} else {
		found = slices.Clone(at.exact[exact(r)])
	}
	for _, o := range at.patterns {
		if mapping.TagsOverlap(o.tags, r.Tags()) {
			found = append(found, o.route)
		}
	}
	return found
}

// exact returns what identifies an image in its repository: the digest if there
// is one, because it takes precedence over the tag.
func exact(r mapping.Reference) string {
	if r.Digest != "" {
		return "@" + r.Digest
	}
	return r.Tag
}

// Key returns what identifies an image or a pattern: the canonical repository
// with the digest or, without a digest, the tag or its pattern.
func Key(r mapping.Reference) string {
	switch {
	case r.Scheme != "":
		return r.Text
	case r.Digest != "":
		return r.CanonicalRepository() + "@" + r.Digest
	}
	return r.CanonicalRepository() + ":" + r.Tags()
}

// Unread returns the mirroring jobs whose mappings are not known.
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

// known reports whether all jobs that may mirror the files of a set are known.
func known(tree *release.Tree, set *release.Set) bool {
	if tree.Jobs == nil || tree.Jobs.Root == nil && len(tree.Jobs.Text) > 0 {
		return false
	}
	return !tree.Runs().Unknown(set)
}
