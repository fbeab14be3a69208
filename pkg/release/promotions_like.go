package release

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// PromotionsLike returns what [Tree.Promotions] gives, where it is known which
// files below Layout.Config this tree has otherwise than the tree that other was
// read from: only they are read. Files that this tree does not have may be among
// them. What configs build from, which [Tree.KnownTags] asks for, is that of the
// other tree.
func (t *Tree) PromotionsLike(other *Promotions, files []string) *Promotions {
	p := &Promotions{byCommit: maps.Clone(other.byCommit), releases: map[Stream]bool{}, images: t.CIImages(), used: other.used}
	differs := map[string]bool{}
	for _, name := range files {
		differs[name] = true
	}
	for _, one := range other.All {
		if !differs[one.Config] {
			p.All = append(p.All, one)
		}
	}
	var promoted atomic.Int64
	promoted.Store(int64(len(p.All)))
	r := configReader{fsys: t.FS, top: t.Layout.Config, promoted: &promoted}
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
	p.index()
	return p
}
