package mapping_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/distribution/reference"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func TestWholeFiles(t *testing.T) {
	for _, tt := range []struct {
		name, data string
		problem    string // position and part of the message
	}{
		{"empty", "", "m: the file maps nothing"},
		{"comments only", "# a\n\n", "m: the file maps nothing"},
		{"UTF-16 little endian", "\xff\xfeq\x00.\x00", "m: the file is UTF-16"},
		{"UTF-16 big endian", "\xfe\xff\x00q\x00.", "m: the file is UTF-16"},
		{"NUL", "a.io/b:1 c.io/b:1\nx\x00y z\n", "m:2:2: the file is not text"},
		{"no newline at the end", "a.io/b:1 c.io/b:1", ""},
		{"CRLF", "a.io/b:1 c.io/b:1\r\n\r\n# c\r\n", ""},
		{"one MiB without a newline", strings.Repeat("a", 1<<20), "m:1:1: the line has 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := mapping.Parse("m", []byte(tt.data))
			if got := f.Bytes(); string(got) != tt.data {
				t.Errorf("the bytes changed: %q", got)
			}
			if tt.problem == "" {
				if len(f.Problems) > 0 {
					t.Errorf("problems: %v", f.Problems)
				}
				return
			}
			if len(f.Problems) != 1 || !strings.HasPrefix(f.Problems[0].Error(), tt.problem) {
				t.Errorf("problems: got %v, want %s", f.Problems, tt.problem)
			}
		})
	}
}

func TestPositionsCountCharacters(t *testing.T) {
	f := mapping.Parse("m", []byte("  q.io/ä:1 r.io/x:1\n"))
	if len(f.Problems) != 1 || f.Problems[0].Pos != (source.Position{File: "m", Line: 1, Column: 3}) {
		t.Errorf("problems: %v", f.Problems)
	}
	f = mapping.Parse("m", []byte("q.io/a:1 r.io/b:1 ä r.io/c*\n"))
	if got := f.Problems[1].Pos.Column; got != 27 {
		t.Errorf("the second problem is at column %d, want 27", got)
	}
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		"busybox:1":                      "docker.io/library/busybox:1",
		"index.docker.io/busybox:1":      "docker.io/library/busybox:1",
		"registry-1.docker.io/a/b:1":     "docker.io/a/b:1",
		"docker.io/library/busybox:1":    "docker.io/library/busybox:1",
		"a/b:1":                          "docker.io/a/b:1",
		"quay.io/a:1":                    "quay.io/a:1",
		"quay.io/a/b:1@" + d64:           "quay.io/a/b:1@" + d64,
		"localhost:5000/library/b:1":     "localhost:5000/library/b:1",
		"registry.ci.openshift.org/a/b:": "",
	} {
		f := mapping.Parse("m", []byte(text+" x.io/y:1\n"))
		got := ""
		for e := range f.Entries() {
			got = e.Source.Canonical()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestMatchTag(t *testing.T) {
	for _, tt := range []struct {
		pattern, tag string
		want         bool
	}{
		{"*", "", true}, {"*", "latest", true}, {"v4*", "v4", true}, {"v4*", "v5", false}, {"*-x", "a-x", true},
		{"*-x", "a-x-y", false}, {"a*b*c", "aXbYbZc", true}, {"a*b*c", "abZ", false}, {"v4.1", "v4.1", true},
		{"v4.1", "v4x1", false}, {"", "", true}, {"**a**", "bab", true}, {"a", "", false},
	} {
		if got := mapping.MatchTag(tt.pattern, tt.tag); got != tt.want {
			t.Errorf("MatchTag(%q, %q) = %v", tt.pattern, tt.tag, got)
		}
	}
}

func TestTagsOverlap(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"*", "*", true}, {"v4*", "*-x", true}, {"v4*", "v5*", false}, {"latest", "latest", true}, {"latest", "v1", false},
		{"v4*", "v4.1", true}, {"*a*", "b*b", true}, {"a*b", "c*b", false}, {"a*b", "a*c", false}, {"", "*", true}, {"", "a*", false},
	} {
		if got := mapping.TagsOverlap(tt.a, tt.b); got != tt.want {
			t.Errorf("TagsOverlap(%q, %q) = %v", tt.a, tt.b, got)
		}
		if mapping.TagsOverlap(tt.b, tt.a) != tt.want {
			t.Errorf("TagsOverlap(%q, %q) is not symmetric", tt.b, tt.a)
		}
	}
}

// FuzzParse checks that nothing panics, that nothing is lost, and that a single
// reference is valid exactly if it is for the reference package of the
// distribution project, which oc uses.
func FuzzParse(f *testing.F) {
	for _, row := range grammar {
		if len(row.line) < 1000 {
			f.Add([]byte(row.line + "\n"))
		}
	}
	f.Add([]byte("a.io/b:1 c.io/d:1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := mapping.Parse("m", data)
		if !bytes.Equal(file.Bytes(), data) {
			t.Fatalf("the bytes changed: %q", file.Bytes())
		}
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, p := range file.Problems {
			if p.Pos.Line < 0 || p.Pos.Line > lines || p.Pos.Column < 0 || p.Message == "" {
				t.Errorf("a bad problem: %+v", p)
			}
		}
		for p := range file.Pairs() {
			if p.Source.Text == "" || p.Destination.Text == "" {
				t.Errorf("an empty pair: %+v", p)
			}
		}
		text := string(data)
		if strings.ContainsAny(text, " \t\r\n\v\f\x00#=*\u0085\u00a0") || strings.Contains(text, "://") ||
			strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") || text != strings.TrimSpace(text) || text == "" || len(text) > 1000 {
			return
		}
		_, err := reference.Parse(text)
		taken := len(mapping.Parse("m", []byte(text+" zz.io/y\n")).Problems) == 0
		tagged := strings.Contains(text[strings.LastIndexByte(text, '/')+1:], ":")
		if (err == nil) != taken && tagged { // untagged: wildcards have rules of our own
			t.Errorf("%q: taken: %v, the distribution project says: %v", text, taken, err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := "registry.ci.openshift.org/ocp/4.12:some-image quay.io/openshift/origin-some-image:4.12 quay.io/openshift/origin-some-image:4.12.0\n"
	data := []byte(strings.Repeat(line, 1<<20/len(line)))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		mapping.Parse("m", data)
	}
}
