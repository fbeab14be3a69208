package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// TestDigestTags copies two tags of one image, another image and a missing one:
// each destination gets the digits of its image's digest as a second tag, and a
// second run changes nothing.
func TestDigestTags(t *testing.T) {
	src, dst := strict.New(strict.Options{}), strict.New(strict.Options{})
	from, to := src.Serve(t, nil), dst.Serve(t, nil)
	one, two := src.Image("a/b", "one", "amd"), src.Image("a/b", "two", "arm")
	src.Tag("a/b", "same", one)
	file := filepath.Join(t.TempDir(), "mapping")
	lines := ""
	for _, tag := range []string{"one", "same", "two", "gone"} {
		lines += from.Host + "/a/b:" + tag + " " + to.Host + "/c/d:" + tag + "\n"
	}
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := start(t, "run", "-f", file, "--digest-tags", "12", "--skip-missing").code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	check := filepath.Join(t.TempDir(), "check")
	if err := os.WriteFile(check, []byte(from.Host+"/a/b@"+one.Digest.String()+" "+to.Host+"/c/d:"+one.Digest.Hex[:12]+"\n"+
		from.Host+"/a/b@"+two.Digest.String()+" "+to.Host+"/c/d:"+two.Digest.Hex[:12]+"\n"+
		from.Host+"/a/b:same "+to.Host+"/c/d:same\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if p := start(t, "check", "-f", check); p.code() != 0 {
		t.Errorf("the destinations differ:\n%s", p.said())
	}
	if p := start(t, "plan", "-f", file, "--digest-tags", "12", "--skip-missing", "--detailed-exitcode"); p.code() != 0 {
		t.Errorf("a second run has something to do:\n%s", p.said())
	}
	for _, args := range [][]string{{"--digest-tags", "3"}, {"--digest-tags", "12", "--keep-manifest-list=false", "--filter-by-os=linux/amd64"}} {
		if code := start(t, append([]string{"run", "-f", file}, args...)...).code(); code != 2 {
			t.Errorf("%v: exit code %d, want 2", args, code)
		}
	}
}
