package release

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// PromotionsLike gives what [Tree.Promotions] gives, where it is known which
// files below Layout.Config this tree has otherwise than the tree that other was
// read from: only they are read. Files that this tree does not have may be among
// them.
func (t *Tree) PromotionsLike(other *Promotions, files []string) *Promotions {
	p := &Promotions{byCommit: maps.Clone(other.byCommit), releases: map[Stream]bool{}, copied: map[ImageTag]source.Position{}}
	differs := map[string]bool{}
	for _, name := range files {
		differs[name] = true
	}
	for _, one := range other.All {
		if !differs[one.Config] {
			p.All = append(p.All, one)
		}
	}
	r := configReader{fsys: t.FS, top: t.Layout.Config}
	for _, name := range slices.Sorted(maps.Keys(differs)) {
		if path.Ext(name) != ".yaml" || !strings.HasPrefix(name, t.Layout.Config+"/") {
			continue
		}
		if info, err := fs.Stat(t.FS, name); err == nil && info.Mode().IsRegular() {
			r.config(name)
		}
	}
	p.Configs = max(other.Configs, r.configs)
	p.All = append(p.All, r.promotions...)
	slices.SortStableFunc(p.All, func(a, b Promotion) int { return strings.Compare(a.Config, b.Config) })
	p.Problems = append(p.Problems, r.problems...)
	for _, s := range r.byCommit {
		p.byCommit[s] = true
	}
	p.readReleases(t.FS, t.Layout.Releases)
	p.readSupplemental(t.FS, t.Layout.Supplemental())
	p.index()
	return p
}
