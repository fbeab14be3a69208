package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// Documented checks that a document, named from the root of this project, has
// each of the phrases. They are made from constants of the code, so that the
// numbers of the document follow the code. Line breaks count as spaces.
func Documented(t *testing.T, name string, phrases ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Root(), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(data)), " ")
	for _, p := range phrases {
		if !strings.ContainsFunc(p, unicode.IsDigit) {
			t.Errorf("%q has no number", p)
		}
		if !strings.Contains(text, p) {
			t.Errorf("%s does not say %q, which is what the code does", name, p)
		}
	}
}

// Bytes writes a size as the documents do: "16 MiB".
func Bytes(n int64) string {
	for _, unit := range []string{"bytes", "KiB", "MiB", "GiB", "TiB"} {
		if n < 1024 || n%1024 != 0 {
			return fmt.Sprint(n, " ", unit)
		}
		n /= 1024
	}
	return fmt.Sprint(n, " PiB")
}

// Count writes a number as the documents do: "1,000,000".
func Count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
