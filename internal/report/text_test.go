package report

import (
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func textOf(t *testing.T, line string, column int, opts TextOptions) []string {
	t.Helper()
	var b strings.Builder
	opts.Source = func(string) []byte { return []byte(line) }
	r := &validate.Result{Findings: []validate.Finding{{Rule: "r", Pos: source.Position{File: "f", Line: 1, Column: column}, Message: "m"}}}
	if err := Text(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return strings.Split(b.String(), "\n")
}

// A long line is cut around the caret, which points to the same character.
func TestTextCutsLongLines(t *testing.T) {
	const long = "registry.ci.openshift.org/webshop/latest:frontend quay.io/webshop/frontend:latest quay.io/webshop/frontend:1.4 quay.io/webshop/frontend:X"
	for _, width := range []int{1, 40, 60, 80, 120, 168, 400} {
		for column := 1; column <= len(long); column++ {
			out := textOf(t, long, column, TextOptions{Width: width})
			line, caret := []rune(out[2]), []rune(out[3])
			if most := max(width, 28); len(line) > most {
				t.Fatalf("width %d, column %d: a line of %d characters", width, column, len(line))
			}
			if got, want := string(line[len(caret)-1]), long[column-1:column]; caret[len(caret)-1] != '^' || got != want {
				t.Fatalf("width %d, column %d: the caret is under %q, want %q\n%s", width, column, got, want, strings.Join(out, "\n"))
			}
			if len(line) < len(long)+8 && !strings.Contains(out[2], "…") {
				t.Fatalf("width %d, column %d: nothing says that the line was cut: %s", width, column, out[2])
			}
		}
	}
}

// The caret stands under its character whatever is before it.
func TestTextCaret(t *testing.T) {
	for _, tt := range []struct{ before, pad string }{
		{"", ""}, {"ab ", "   "}, {"\t\ta", "\t\t "}, {"日本 ", "     "}, {"e\u0301x", "  "}, {"\U0001f600", "  "}, {"é", " "},
	} {
		out := textOf(t, tt.before+"X", len([]rune(tt.before))+1, TextOptions{})
		if want := "      | " + tt.pad + "^"; out[3] != want {
			t.Errorf("after %q:\n got %q\nwant %q", tt.before, out[3], want)
		}
	}
}

func TestTextColor(t *testing.T) {
	plain := strings.Join(textOf(t, "a b", 3, TextOptions{}), "\n")
	colored := strings.Join(textOf(t, "a b", 3, TextOptions{Color: true}), "\n")
	if strings.Contains(plain, "\x1b") {
		t.Errorf("colour without being asked: %q", plain)
	}
	for _, s := range []string{"\x1b[1mf:1:3\x1b[0m", "\x1b[31merror\x1b[0m", "\x1b[36m[r]\x1b[0m", "\x1b[1m^\x1b[0m"} {
		if !strings.Contains(colored, s) {
			t.Errorf("%q is not in %q", s, colored)
		}
	}
}
