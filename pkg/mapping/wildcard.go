package mapping

import "strings"

// MatchTag reports whether the whole tag matches a pattern, in which "*"
// matches any number of characters.
func MatchTag(pattern, tag string) bool {
	// Greedy with one backtracking point, the last star.
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
	// The parts between the stars of both patterns can follow each other, so
	// only the ends before the first and after the last star have to agree.
	k, l := strings.LastIndexByte(a, '*'), strings.LastIndexByte(b, '*')
	head, tail := min(i, j), min(len(a)-k, len(b)-l)-1
	return a[:head] == b[:head] && a[len(a)-tail:] == b[len(b)-tail:]
}
