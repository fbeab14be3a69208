package validate

import (
	"bytes"
	"cmp"
	"io/fs"
	"maps"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/overlay"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Change is the change of one file by fixes: other bytes, another name, or
// both.
type Change struct {
	From, To string // equal if the file keeps its name
	Old, New []byte
}

// maxRounds limits the rounds of fixing and checking. Every round but the last
// changes something.
const maxRounds = 20

// ApplyFixes applies the fixes of findings to a tree in memory: of the findings
// that choose returns, or of all if choose is nil. It repeats this until
// nothing is left to fix, because overlapping fixes are applied one after the
// other. It returns the changes in order of name, the result of the rules
// afterwards, and the fixed tree. It stops at an error of choose.
func ApplyFixes(fsys fs.FS, choose func(*release.Tree, *Result) ([]Finding, error), rules ...Rule) ([]Change, *Result, *release.Tree, error) {
	o := &fixed{overlay.FS{Base: fsys, Files: map[string][]byte{}, Gone: map[string]bool{}}, map[string]string{}}
	for round := 0; ; round++ {
		tree, err := release.Load(o)
		if err != nil {
			return nil, nil, nil, err
		}
		result := Run(tree, rules...)
		chosen := result.Findings
		if choose != nil {
			if chosen, err = choose(tree, result); err != nil {
				return nil, nil, nil, err
			}
		}
		if round == maxRounds || !o.apply(chosen) {
			return o.changes(), result, tree, nil
		}
	}
}

// fixed is a file system with fixes applied.
type fixed struct {
	overlay.FS
	origin map[string]string // the name that an added file had before
}

// apply applies the fixes of findings that do not overlap, and reports whether
// there were any.
func (o *fixed) apply(findings []Finding) bool {
	edits := map[string][]Edit{}
	changed := false
	for _, f := range findings {
		if f.Fix == nil {
			continue
		}
		if rename := f.Fix.Rename; rename != nil {
			changed = o.rename(rename.From, rename.To) || changed
			continue
		}
		for _, e := range f.Fix.Edits {
			edits[e.File] = append(edits[e.File], e)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		text, err := o.ReadFile(name)
		if err != nil {
			continue // renamed in this round: its edits come in the next
		}
		o.Files[name] = applyEdits(text, edits[name])
		changed = true
	}
	return changed
}

// applyEdits applies edits to a text. Of two overlapping edits it applies the
// first.
func applyEdits(text []byte, edits []Edit) []byte {
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.Start < at || e.End < e.Start || e.End > len(text) {
			continue
		}
		out.Write(text[at:e.Start])
		out.WriteString(e.New)
		at = e.End
	}
	out.Write(text[at:])
	return out.Bytes()
}

func (o *fixed) rename(from, to string) bool {
	text, err := o.ReadFile(from)
	if err != nil {
		return false
	}
	if _, err := fs.Stat(o, to); err == nil {
		return false
	}
	o.Files[to] = text
	o.origin[to] = cmp.Or(o.origin[from], from)
	delete(o.Files, from)
	delete(o.origin, from)
	o.Gone[from] = true
	return true
}

func (o *fixed) changes() []Change {
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(o.Files)) {
		c := Change{From: cmp.Or(o.origin[name], name), To: name, New: o.Files[name]}
		c.Old, _ = fs.ReadFile(o.Base, c.From)
		if c.From != c.To || !bytes.Equal(c.Old, c.New) {
			out = append(out, c)
		}
	}
	return out
}
