package mapgen

import "github.com/mirror-tools/mirror-tools/pkg/release"

// What generating may cost: a small configuration can name many promotions many
// times.
const (
	maxReferences = 1_000_000 // references in all generated files, as in a tree
	maxConflicts  = 100       // conflicts of a configuration that are reported
)

// facts are what the files of all sets are generated from.
type facts struct {
	promoted     map[release.Stream][]string // the tags that are always promoted
	publications map[release.Stream][]release.Publication
	references   int // generated so far
}

func factsOf(tree *release.Tree) *facts {
	f := &facts{promoted: map[release.Stream][]string{}, publications: map[release.Stream][]release.Publication{}}
	for _, p := range tree.Promotions().All {
		if !p.Disabled && !p.Optional {
			f.promoted[p.Stream] = append(f.promoted[p.Stream], p.Tag)
		}
	}
	for _, p := range tree.Promotions().Publications {
		f.publications[p.To] = append(f.publications[p.To], p)
	}
	return f
}
