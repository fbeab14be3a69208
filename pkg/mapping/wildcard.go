package mapping

import "strings"

// MatchTag reports whether a tag matches a tag pattern, in which "*" matches
// any characters, none too; the match is of the whole tag.
func MatchTag(pattern, tag string) bool {
	// Greedy with one point to come back to: linear but for the last star.
	star, mark, i, j := -1, 0, 0, 0
	for j < len(tag) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, mark = i, j
			i++
		case i < len(pattern) && pattern[i] == tag[j]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(pattern) && pattern[i] == '*' {
		i++
	}
	return i == len(pattern)
}

// TagsOverlap reports whether some tag matches both patterns.
func TagsOverlap(a, b string) bool {
	i, j := strings.IndexByte(a, '*'), strings.IndexByte(b, '*')
	switch {
	case i < 0:
		return MatchTag(b, a)
	case j < 0:
		return MatchTag(a, b)
	}
	// What stands between the first and the last star of each can follow each
	// other: only the two ends have to agree.
	k, l := strings.LastIndexByte(a, '*'), strings.LastIndexByte(b, '*')
	head, tail := min(i, j), min(len(a)-k, len(b)-l)-1
	return a[:head] == b[:head] && a[len(a)-tail:] == b[len(b)-tail:]
}
