package release

import (
	"strings"
	"testing"
)

// A mistake in the middle of a long mapping is reported on its line.
func TestYAMLErrorLine(t *testing.T) {
	const before = "jobs:\n- name: a\n  cron: '@hourly'\n  args: [a,\n    b,\n    c]\n  text: |\n    - [\n- name: b\n"
	const after = "  cron: '@daily'\n  labels:\n    a: b\n- name: c\n  cron: '@hourly'\n"
	want := strings.Count(before, "\n") + 1
	for _, line := range []string{
		"   deep: true", " less: true", "  list: [true", "  map: {a: b", `  text: "open`, "  text: 'open", "  no colon", "  a: b: c", "\ttab: true",
		"  alias: *nowhere", "  at: @x", "<<<<<<< HEAD",
	} {
		data := []byte(before + line + "\n" + after)
		doc := parseYAML("f", data)
		if !doc.broken || doc.problems[0].Pos.Line != want {
			t.Errorf("%q: %v, want line %d", line, doc.problems, want)
		}
		d := decoder{yamlReader{file: "f"}}
		if d.root(data); len(d.problems) != 1 || d.problems[0].Pos.Line != want {
			t.Errorf("%q in settings: %v, want line %d", line, d.problems, want)
		}
	}
}

// A value that is open at the end of a line is not a mistake, and a large file
// is not searched.
func TestFirstBroken(t *testing.T) {
	for text, want := range map[string]int{
		"":                                    0,
		"a: [\n  b,\n  c]\n":                  0,
		"a: [\n  b,\n  c]\nd: {\n  e: f":      4,
		"a: \"x\n  y\"\nb: 'z\n  z'\nc: ]":    5,
		strings.Repeat("a", maxSearched+1):    0,
		"a: [" + strings.Repeat("\n", 100):    1,
		strings.Repeat("- [\n  ]\n", 9) + "[": 19,
	} {
		if got := firstBroken([]byte(text)); got != want {
			t.Errorf("%.40q: line %d, want %d", text, got, want)
		}
	}
}
