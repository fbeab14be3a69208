// Package suggest finds the word that was probably meant.
package suggest

import "strings"

// Nearest returns the candidate that is closest to a word by the number of
// letters that have to be added, left out, replaced or swapped with their
// neighbour; the first of several. It returns "" when none is close: a third of
// the word's letters may be wrong, at least one and at most three. Upper and
// lower case, and "-" and "_", count as the same. A candidate that begins with
// the word, when there is only one, is close, too.
func Nearest(word string, candidates []string) string {
	if word == "" {
		return ""
	}
	folded := fold(word)
	best, least := "", min(max(len(folded)/3, 1), 3)+1
	begins := ""
	for _, c := range candidates {
		if d := Distance(folded, fold(c)); d < least {
			best, least = c, d
		}
		if len(folded) >= 3 && strings.HasPrefix(fold(c), folded) {
			if begins != "" {
				begins = "several"
				continue
			}
			begins = c
		}
	}
	if best == "" && begins != "several" {
		return begins
	}
	return best
}

// Hint returns "did you mean NEAREST?" for a word, or otherwise when nothing is
// near.
func Hint(word string, candidates []string, otherwise string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return otherwise
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// Distance returns how many letters have to be added, left out, replaced or
// swapped with their neighbour to make b from a.
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
