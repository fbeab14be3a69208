package validate

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// movedFiles finds renamed and moved mapping files by their lines, at least
// half of which are the same.
func movedFiles(before, after *release.Tree) map[string]string {
	gone, came := onlyIn(before, after), onlyIn(after, before)
	moved := map[string]string{}
	taken := map[string]bool{}
	for _, m := range came {
		best, most := "", 0.5
		for _, old := range gone {
			if taken[old.Path] {
				continue
			}
			alike := likeness(before.Text(old.Path), old.Set.Name, after.Text(m.Path), m.Set.Name)
			if alike > most || best == "" && alike == most {
				best, most = old.Path, alike
			}
		}
		if best != "" {
			moved[m.Path], taken[best] = best, true
		}
	}
	return moved
}

// onlyIn returns the mapping files of one tree that another does not have.
func onlyIn(tree, other *release.Tree) []*release.MappingFile {
	have := map[string]bool{}
	for _, m := range other.Mappings() {
		have[m.Path] = true
	}
	return slices.DeleteFunc(slices.Clone(tree.Mappings()), func(m *release.MappingFile) bool { return have[m.Path] })
}

// likeness returns the share of lines that two files have in common, ignoring
// the names of their sets.
func likeness(a []byte, set string, b []byte, otherSet string) float64 {
	count := map[string]int{}
	n, m, same := 0, 0, 0
	name := renames{{set, otherSet}}
	for line := range bytes.Lines(a) {
		count[name.neutral(string(bytes.TrimSpace(line)))]++
		n++
	}
	for line := range bytes.Lines(b) {
		key := name.neutral(string(bytes.TrimSpace(line)))
		if m++; count[key] > 0 {
			count[key]--
			same++
		}
	}
	return float64(same) / float64(max(n, m, 1))
}

// renames are pairs of a name before the change and its new name.
type renames [][2]string

// renamesOf returns the names of sets and files that changed with moved files.
func renamesOf(before, after *release.Tree, moved map[string]string) renames {
	sets := map[string]bool{}
	for _, s := range before.Sets {
		sets[s.Name] = true
	}
	var all renames
	for _, m := range after.Mappings() {
		old, ok := moved[m.Path]
		if !ok {
			continue
		}
		if base := path.Base(old); base != m.Base {
			all = append(all, [2]string{base, m.Base})
		}
		if set := path.Base(path.Dir(old)); set != m.Set.Name && !sets[m.Set.Name] {
			all = append(all, [2]string{set, m.Set.Name})
		}
	}
	slices.SortFunc(all, func(a, b [2]string) int { // longest first: one may be part of another
		return cmp.Or(max(len(b[0]), len(b[1]))-max(len(a[0]), len(a[1])), strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]))
	})
	return slices.Compact(all)
}

// neutral replaces both names of each pair by the same mark, so that texts
// before and after the change can be compared.
func (r renames) neutral(s string) string {
	for i, pair := range r {
		mark := "\x00" + strconv.Itoa(i) + "\x00"
		s = replaceName(replaceName(s, pair[0], mark), pair[1], mark)
	}
	return s
}

// replaceName replaces a name that has no letter or digit next to it. "-" and
// "_" are the same, as in the names of mapping files.
func replaceName(s, name, mark string) string {
	if name == "" {
		return s
	}
	folded, name := release.Fold(s), release.Fold(name)
	var b strings.Builder
	for at := 0; ; {
		i := strings.Index(folded[at:], name)
		if i < 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		start, end := at+i, at+i+len(name)
		if start > 0 && alphanumeric(s[start-1]) || end < len(s) && alphanumeric(s[end]) {
			b.WriteString(s[at : start+1])
			at = start + 1
			continue
		}
		b.WriteString(s[at:start] + mark)
		at = end
	}
}

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// hunk matches the head of a hunk of a unified diff, with its lines in the new
// text.
var hunk = regexp.MustCompile(`^@@ -\S+ \+(\d+)`)

// addedLines returns the numbers of the lines that a diff of two texts adds.
func addedLines(old, text []byte) map[int]bool {
	added := map[int]bool{}
	n := 0
	for line := range bytes.Lines(diff.Diff("before", old, "after", text)) {
		m := hunk.FindSubmatch(line)
		switch {
		case m != nil:
			n, _ = strconv.Atoi(string(m[1]))
		case n == 0: // the head of the diff
		case line[0] == '+':
			added[n] = true
			n++
		case line[0] == ' ':
			n++
		}
	}
	return added
}
