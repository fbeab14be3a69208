// Demo shows the main job from end to end: a mistake in a mapping file is found
// and mended, one job is generated, and that job mirrors images between two
// registries that live in this process. It needs no network. With -try it mirrors
// a set of one's own in the same way.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"
)

func main() {
	bin := flag.String("bin", "bin", "folder with the three commands")
	set := flag.String("try", "", "instead: mirror the mapping files of this folder between two registries")
	out := flag.String("out", "bin/demo", "folder for the reports; emptied first")
	flag.Parse()
	err := func() error {
		if *set != "" {
			bin, err := filepath.Abs(*bin)
			if err != nil {
				return err
			}
			return (&demo{bin: bin, out: os.Stdout}).try(*set, *out)
		}
		return run(*bin, *out)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// demo is one run: where the commands and the copy of the tree are, and where
// everything is told.
type demo struct {
	bin  string
	work string // temporary folder
	tree string // the release tree, a copy
	out  io.Writer
}

func run(bin, out string) error {
	work, err := os.MkdirTemp("", "mirror-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	d := &demo{bin: bin, work: work, tree: filepath.Join(work, "release"), out: os.Stdout}
	tree, err := txtar.FS(txtar.Parse(release))
	if err != nil {
		return err
	}
	if err := os.CopyFS(d.tree, tree); err != nil {
		return err
	}
	for _, step := range []func() error{d.mistake, d.mend, d.job, func() error { return d.copy(out) }} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

func (d *demo) title(format string, args ...any) {
	d.say("\n== "+format+"\n", args...)
}

// command runs one of our commands in the tree, shows what it prints and gives
// its exit code.
func (d *demo) command(env []string, name string, args ...string) (int, string, error) {
	d.say("$ %s %s", name, strings.ReplaceAll(strings.Join(args, " "), d.work+"/", ""))
	var printed bytes.Buffer
	cmd := exec.Command(filepath.Join(d.bin, name), args...)
	cmd.Dir = d.tree
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = &printed
	cmd.Stderr = &printed
	err := cmd.Run()
	text := strings.ReplaceAll(printed.String(), d.work+"/", "")
	fmt.Fprint(d.out, text)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	code := cmd.ProcessState.ExitCode()
	if err == nil {
		d.say("(exit code %d)", code)
	}
	return code, text, err
}

// expect runs a command and fails when its exit code is another one.
func (d *demo) expect(code int, env []string, name string, args ...string) (string, error) {
	got, text, err := d.command(env, name, args...)
	if err == nil && got != code {
		err = fmt.Errorf("%s ended with %d, not %d", name, got, code)
	}
	return text, err
}
