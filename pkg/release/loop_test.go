package release

import (
	"strings"
	"testing"
)

// TestLoopsAreRecognised prints every kind of loop and reads it again.
func TestLoopsAreRecognised(t *testing.T) {
	n := 0
	for _, login := range []Login{LoginNone, LoginUsed, LoginUnused} {
		for bits := range 16 {
			for _, attempts := range []int{1, 3} {
				for _, number := range []int{0, 8} {
					l := Loop{Mount: "/etc/imagemirror", Glob: "mapping_x-y_*", Login: login, Attempts: attempts, Verbosity: number, MaxPerRegistry: number, DigestTags: number,
						Trace: bits&1 > 0, SkipEmpty: bits&2 > 0, KeepManifestList: bits&4 > 0, ContinueOnError: bits&8 > 0}
					n++
					if got, ok := ParseLoop(l.String()); !ok || got != l {
						t.Errorf("%+v is read as %v %+v", l, ok, got)
					}
				}
			}
		}
	}
	if n != 192 {
		t.Errorf("%d loops", n)
	}
}

func TestOtherScriptsAreNoLoops(t *testing.T) {
	l := Loop{Mount: "/m", Glob: "mapping_x*", Login: LoginNone, Attempts: 1}.String()
	for _, script := range []string{"", "echo", l + "\n", strings.Replace(l, "oc image", "oc  image", 1), strings.Replace(l, "exit $failures", "exit 0", 1), "# why\n" + l} {
		if _, ok := ParseLoop(script); ok {
			t.Errorf("taken for a loop:\n%s", script)
		}
	}
}
