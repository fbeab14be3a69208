package release

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
)

// PromotionsLike returns the same as [Tree.Promotions], but reads only the
// given files: those below Layout.Config that may differ from the tree of
// other. They need not exist. The tags that configs build from, for
// [Tree.KnownTags], are those of the other tree.
func PromotionsLike(t *Tree, other *Promotions, files []string) *Promotions {
	p := &Promotions{byCommit: maps.Clone(other.byCommit), releases: map[Stream]bool{}, images: t.CIImages(), used: other.used}
	differs := setOf(files)
	for _, one := range other.All {
		if !differs[one.Config] {
			p.All = append(p.All, one)
		}
	}
	r := readOnly(t, slices.Sorted(maps.Keys(differs)), len(p.All))
	p.Configs = max(other.Configs, r.configs)
	p.All = append(p.All, r.promotions...)
	slices.SortStableFunc(p.All, func(a, b Promotion) int { return strings.Compare(a.Config, b.Config) })
	p.Problems = append(p.Problems, r.problems...)
	for _, s := range r.byCommit {
		p.byCommit[s] = true
	}
	readReleases(p, t.FS, t.Layout.Releases)
	p.index()
	return p
}

// readOnly reads some configs and ignores invalid names. promoted is the number
// of promotions in the other configs.
func readOnly(t *Tree, files []string, promoted int) *configReader {
	var all atomic.Int64
	all.Store(int64(promoted))
	r := &configReader{fsys: t.FS, top: t.Layout.Config, promoted: &all, sections: new(sectionCache)}
	for _, name := range files {
		if path.Ext(name) != ".yaml" || !strings.HasPrefix(name, t.Layout.Config+"/") {
			continue
		}
		if info, err := fs.Stat(t.FS, name); err == nil && info.Mode().IsRegular() {
			r.config(name)
		}
	}
	return r
}

// SamePromotions reports whether two trees certainly have the same promotions.
// files are all files with promotions that may differ, and only they are read.
func SamePromotions(t, other *Tree, files []string) bool {
	if t.Layout.Config != other.Layout.Config {
		return false
	}
	for _, name := range files {
		if path.Ext(name) != ".yaml" || !strings.HasPrefix(name, t.Layout.Config+"/") {
			return false
		}
	}
	a, b := readOnly(t, files, 0), readOnly(other, files, 0)
	same := func(a, b Promotion) bool {
		return a.ImageTag == b.ImageTag && a.Config == b.Config && a.Disabled == b.Disabled && a.Optional == b.Optional
	}
	return len(a.problems)+len(b.problems) == 0 && slices.EqualFunc(a.promotions, b.promotions, same) && slices.Equal(a.byCommit, b.byCommit)
}
