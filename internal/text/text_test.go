package text

import (
	"bytes"
	"encoding/json"
	"errors"
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

func TestLine(t *testing.T) {
	for s, want := range map[string]string{
		"a b\tc":                   "a b\tc",
		"a\nb":                     "a\ufffdb",
		"\x1b[31m":                 "\ufffd[31m",
		"::error::x":               "\ufffd:error::x",
		"  ::error::x":             "  \ufffd:error::x",
		"a ::error::x":             "a ::error::x",
		"##[error]x":               "##\ufffd[error]x",
		"registry.io:5000/a":       "registry.io:5000/a",
		"a\xff\u202e\u2028\u007fb": "a\ufffd\ufffd\ufffd\ufffdb",
	} {
		if got := Line(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestBlock(t *testing.T) {
	for s, want := range map[string]string{
		"":                   "",
		"a\r\n ::error::b\n": "a\r\n \ufffd:error::b\n",
		"a\rb\n\nc":          "a\ufffdb\n\nc",
		"+##[group]x":        "+##\ufffd[group]x",
	} {
		if got := Block(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestFprintf(t *testing.T) {
	type name string
	var b bytes.Buffer
	if _, err := Fprintf(&b, "%s %v %s %d %q\n", "a\nb", errors.New("c\rd"), name("e\x1bf"), 5, "g\u202e"); err != nil {
		t.Fatal(err)
	}
	if want := "a\ufffdb c\ufffdd e\ufffdf 5 \"g\ufffd\"\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// What is escaped in a document is the same value.
func TestJSONEscapes(t *testing.T) {
	for _, s := range []string{"plain <&>", "\x7f\u0085\u202e\u2066", "\U000e0041x", "##[error]", "\ufffd", "\ufeff\u00ad", "ä\U0001f600"} {
		var b bytes.Buffer
		if err := JSON(&b, []string{s}); err != nil {
			t.Fatal(err)
		}
		var back []string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || back[0] != s {
			t.Errorf("%q: %s: %q, %v", s, b.Bytes(), back, err)
		}
		if Block(b.String()) != b.String() {
			t.Errorf("%q: %q", s, b.String())
		}
	}
}
