package effectreport

import (
	"fmt"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// move is a change of the first part of a source's name, such as its registry or
// namespace. The rest of the name stays.
type move struct{ set, old, now string }

// words describes the move; it follows "from".
func (m move) words() effects.Words {
	return effects.Words{effects.Code(m.now), effects.Say(" instead of "), effects.Code(m.old), effects.Say("; the rest of each name is the same")}
}

// moved are destinations that change in the same way.
type moved struct {
	move
	all   []effects.Destination
	lines int // other lines than the first
}

// manyLines is the number of lines with the same move from which one item stands
// for all of them.
const manyLines = 3

// alike puts lines with the same move together, at the place of the first one. The
// others stay by themselves, and with each all of them do.
func alike(lines [][]effects.Destination, each bool) []moved {
	count := map[move]int{}
	for _, line := range lines {
		if m, ok := moveOf(line[0]); ok {
			count[m]++
		}
	}
	var out []moved
	at := map[move]int{}
	for _, line := range lines {
		m, ok := moveOf(line[0])
		if each || !ok || count[m] < manyLines {
			out = append(out, moved{all: line})
			continue
		}
		i, ok := at[m]
		if !ok {
			i = len(out)
			at[m] = i
			out = append(out, moved{move: m})
		}
		out[i].all = append(out[i].all, line...)
	}
	for i := range out {
		if out[i].move != (move{}) {
			out[i].lines = len(places(out[i].all)) - 1
		}
	}
	return out
}

// moveOf returns the move of a destination. It returns false for a destination
// with several sources, for a pattern, and where the tags of the sources differ.
func moveOf(d effects.Destination) (move, bool) {
	if len(d.Before) != 1 || len(d.After) != 1 || d.Before[0].Pattern != "" || d.After[0].Pattern != "" {
		return move{}, false
	}
	old, now := d.Before[0].Source, d.After[0].Source
	if strings.ContainsAny(d.Name+old+now, "*@") {
		return move{}, false
	}
	old, oldTag := cutTag(old)
	now, tag := cutTag(now)
	if oldTag != tag || tag == "" {
		return move{}, false
	}
	end := ":…"
	for {
		i, j := strings.LastIndexByte(old, '/'), strings.LastIndexByte(now, '/')
		if i < 0 || j < 0 || old[i:] != now[j:] {
			return move{d.Set, old + end, now + end}, true
		}
		old, now, end = old[:i], now[:j], "/…"
	}
}

// cutTag splits a reference with a registry into its repository and its tag.
func cutTag(ref string) (repository, tag string) {
	i := strings.LastIndexByte(ref, ':')
	if i < strings.LastIndexByte(ref, '/') {
		return ref, ""
	}
	return ref[:max(i, 0)], ref[i+1:]
}

// places returns the lines that write destinations, each once, in order.
func places(all []effects.Destination) []effects.Place {
	var out []effects.Place
	seen := map[effects.Place]bool{}
	for _, d := range all {
		for _, w := range d.After {
			if !seen[w.Place] {
				seen[w.Place] = true
				out = append(out, w.Place)
			}
		}
	}
	return out
}

// others returns " and 3 other lines"; "" for none.
func others(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %s other %s", text.Thousands(n), verb(n, "line", "lines"))
}
