// Demo shows the main workflow from end to end: find and fix a mistake in a
// mapping file, generate a job, and run that job to mirror images between two
// registries in this process. It needs no network. With -try it mirrors the
// mapping files of a given set in the same way.
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
	set := flag.String("try", "", "mirror the mapping files of this folder instead")
	out := flag.String("out", "bin/demo", "folder for the reports; its contents are deleted first")
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

// demo is one run: the folders of the commands and of the tree's copy, and the
// output.
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
	for _, step := range []func() error{d.mistake, d.fix, d.job, func() error { return d.copy(out) }} {
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

// command runs one of our commands in the tree, prints its output and returns its
// exit code.
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

// expect runs a command and fails if it has another exit code.
func (d *demo) expect(code int, env []string, name string, args ...string) (string, error) {
	got, text, err := d.command(env, name, args...)
	if err == nil && got != code {
		err = fmt.Errorf("%s exited with %d, want %d", name, got, code)
	}
	return text, err
}
