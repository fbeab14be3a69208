package text

import (
	"slices"
	"testing"
)

func TestNatural(t *testing.T) {
	want := []string{"", "a", "a01", "a1_2", "a1_10", "a2", "a10", "a10b", "b", "v1.9", "v1.10", "v9"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Natural)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, same := range want {
		if Natural(same, same) != 0 {
			t.Errorf("%q differs from itself", same)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		s            string
		first, width int
		want         []string
	}{
		{"one two three", 0, 0, []string{"one two three"}},
		{"one two three", 7, 9, []string{"one two", "three"}},
		{"one two three", 3, 9, []string{"one", "two three"}},
		{"a-very-long-word and", 5, 5, []string{"a-very-long-word", "and"}},
		{"äöü äöü", 7, 7, []string{"äöü äöü"}},
		{"", 5, 5, []string{""}},
	} {
		if got := Wrap(tt.s, tt.first, tt.width); !slices.Equal(got, tt.want) {
			t.Errorf("%q in %d and %d: %q, want %q", tt.s, tt.first, tt.width, got, tt.want)
		}
	}
}
