package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// asCommand makes the test binary be the command itself.
const asCommand = "MIRROR_JOBGEN_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"mirror-jobgen": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command and compares its exit code: exits CODE COMMAND [ARG...].
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// TestKilledWhileWriting kills generate at many points of its writing: the jobs file is the
// old one or the new one, always whole.
func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	const jobs = "ci-operator/jobs/infra-image-mirroring.yaml"
	file := filepath.Join(dir, jobs)
	set := func(i int, secret string) {
		folder := filepath.Join(dir, "core-services/image-mirroring", fmt.Sprintf("set%03d", i))
		name := filepath.Base(folder)
		writeFile(t, filepath.Join(folder, "mapping_"+name), "a.io/a/b:c quay.io/"+name+"/b:c\n")
		writeFile(t, filepath.Join(folder, "_job.yaml"), "secret: "+secret+"-"+name+"\n")
	}
	all := func(secret string) {
		for i := range 100 {
			set(i, secret)
		}
	}
	start := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "generate", dir)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	whole := func() []byte {
		if err := start().Wait(); err != nil {
			t.Fatal(err)
		}
		return readFile(t, file)
	}
	all("one")
	one := whole()
	all("two")
	two := whole()
	if bytes.Equal(one, two) {
		t.Fatal("the two files are the same: the test shows nothing")
	}
	killed, olds, news := 0, 0, 0
	const tries = 30
	for i := range tries {
		if err := os.WriteFile(file, one, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := start()
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		testkit.WaitForTemporary(filepath.Dir(file), ended)
		time.Sleep(time.Duration(i) * 100 * time.Microsecond)
		if err := cmd.Process.Kill(); err == nil {
			killed++
		}
		<-ended
		switch got := readFile(t, file); {
		case bytes.Equal(got, one):
			olds++
		case bytes.Equal(got, two):
			news++
		default:
			t.Fatalf("after a kill the file is neither the old nor the new one: %d bytes", len(got))
		}
		removeTemporary(t, filepath.Dir(file))
	}
	t.Logf("killed %d times of %d while writing: %d times the old file was there, %d times the new one", killed, tries, olds, news)
	if killed == 0 || olds == 0 {
		t.Error("no run was killed before it was done: the test shows nothing")
	}
}

// removeTemporary removes what a killed process left behind.
func removeTemporary(t *testing.T, dir string) {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, ".*"))
	for _, name := range found {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
