package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// asCommand makes the test binary be the command.
const asCommand = "MIRROR_LINT_TEST_AS_COMMAND"

// TestFixIsNeverHalfDone kills mirror-lint --fix at many moments: each file is
// the old or the mended one.
func TestFixIsNeverHalfDone(t *testing.T) {
	dir := t.TempDir()
	const files = 40
	name := func(i int) string {
		return filepath.Join(dir, "core-services/image-mirroring/team", fmt.Sprintf("mapping_team_%d", i))
	}
	if err := os.MkdirAll(filepath.Dir(name(0)), 0o755); err != nil {
		t.Fatal(err)
	}
	text := func(i int, blanks string) []byte {
		var b strings.Builder
		for l := range 200 {
			fmt.Fprintf(&b, "registry.ci.openshift.org/team/s:a%d-%d%squay.io/team/a%d:%d\n", i, l, blanks, i, l)
		}
		return []byte(b.String())
	}
	killed, olds, news, mixed := 0, 0, 0, 0
	const tries = 12
	for try := range tries {
		for i := range files {
			if err := os.WriteFile(name(i), text(i, "  "), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(os.Args[0], "--fix", dir)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		testkit.WaitForTemporary(filepath.Dir(name(0)), ended)
		time.Sleep(time.Duration(2*try) * time.Millisecond)
		if err := cmd.Process.Kill(); err == nil {
			killed++
		}
		<-ended
		before, after := 0, 0
		for i := range files {
			got, err := os.ReadFile(name(i))
			switch {
			case err != nil:
				t.Fatal(err)
			case bytes.Equal(got, text(i, "  ")):
				before++
			case bytes.Equal(got, text(i, " ")):
				after++
			default:
				t.Fatalf("after a kill %s is neither the old nor the new file: %d bytes", name(i), len(got))
			}
		}
		olds, news = olds+before, news+after
		if before > 0 && after > 0 {
			mixed++
		}
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(name(0)), ".*"))
		for _, l := range left {
			os.Remove(l)
		}
	}
	t.Logf("killed %d of %d times: %d files were the old ones, %d the new, both in %d runs", killed, tries, olds, news, mixed)
	if mixed == 0 {
		t.Error("no run was killed between two files: the test shows nothing")
	}
}
