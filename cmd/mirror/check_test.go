package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// TestCheckNamesEachDifference checks a destination with a tag that moved, one
// that is missing, one with an architecture too many, and one that is right.
func TestCheckNamesEachDifference(t *testing.T) {
	src, dst := strict.New(strict.Options{}), strict.New(strict.Options{})
	from, to := src.Serve(t, nil), dst.Serve(t, nil)
	for _, r := range []*strict.Registry{src, dst} {
		amd, arm, s390x := r.Image("a/b", "", "amd"), r.Image("a/b", "", "arm"), r.Image("a/b", "", "s390x")
		both := r.Index("a/b", "right", strict.For("linux", "amd64", amd), strict.For("linux", "arm64", arm))
		r.Tag("a/b", "moved", amd)
		r.Tag("a/b", "more", both)
		if r == src {
			r.Tag("a/b", "missing", amd)
			continue
		}
		r.Tag("a/b", "moved", arm)
		r.Index("a/b", "more", strict.For("linux", "amd64", amd), strict.For("linux", "arm64", arm), strict.For("linux", "s390x", s390x))
	}
	file := filepath.Join(t.TempDir(), "mapping")
	var lines strings.Builder
	for _, tag := range []string{"moved", "missing", "more", "right"} {
		lines.WriteString(from.Host + "/a/b:" + tag + " " + to.Host + "/a/b:" + tag + "\n")
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "check", "-f", file)
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	said := p.said()
	for _, want := range []string{
		"differs " + to.Host + "/a/b:moved ", "absent " + to.Host + "/a/b:missing ", "differs " + to.Host + "/a/b:more ",
		"linux/s390x is only at the destination", "check: 1 unchanged, 2 differs, 1 absent",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in:\n%s", want, said)
		}
	}
	if strings.Contains(said, "a/b:right") {
		t.Errorf("what is right is named:\n%s", said)
	}
	if run := start(t, "run", "-f", file); run.code() != 0 {
		t.Errorf("run: %s", run.said())
	}
	if check := start(t, "check", "--verify", "deep", "-f", file); check.code() != 0 || len(dst.Holes()) > 0 {
		t.Errorf("after a run: %s %v", check.said(), dst.Holes())
	}
}
