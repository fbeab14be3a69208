package mapping

// MatchTag says whether a tag matches a tag pattern, in which "*" stands for
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

// TagsOverlap says whether some tag matches both patterns.
func TagsOverlap(a, b string) bool {
	// reach[j]: a[:i] and b[:j] can stand for the same text.
	reach := make([]bool, len(b)+1)
	reach[0] = true
	for j := 0; j < len(b) && b[j] == '*'; j++ {
		reach[j+1] = true
	}
	for i := range len(a) {
		next := make([]bool, len(b)+1)
		next[0] = reach[0] && a[i] == '*'
		for j := range len(b) {
			if a[i] == '*' || b[j] == '*' { // the star ends here, or takes one more
				next[j+1] = reach[j+1] || next[j]
			} else {
				next[j+1] = reach[j] && a[i] == b[j]
			}
		}
		reach = next
	}
	return reach[len(b)]
}
