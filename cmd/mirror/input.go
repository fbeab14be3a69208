package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// maxInput bounds a mapping file; a ConfigMap has at most 1 MiB.
const maxInput = 64 << 20

// input is what the mapping files and arguments say.
type input struct {
	files    []*mapping.File // those that can be used
	problems []source.Problem
	broken   bool // a file was left out because of an error in it
}

// read reads every mapping file and the arguments. A file with an error is left
// out and told, unless failures end the run.
func (o *options) read(env cli.Env, args []string) (*input, error) {
	names, err := o.names(args)
	if err != nil {
		return nil, err
	}
	if len(o.files) > 0 {
		var words []string
		for _, a := range args { // the rest of a glob that the shell expanded
			if _, err := os.Stat(a); err == nil {
				names = append(names, a)
			} else {
				words = append(words, a)
			}
		}
		args = words
	}
	in := &input{}
	for _, name := range names {
		data, err := readFile(env, name)
		if err != nil {
			return nil, err
		}
		in.add(mapping.Parse(name, data))
	}
	if len(args) > 0 {
		in.add(mapping.Parse("arguments", []byte(strings.Join(args, " "))))
	}
	if len(in.files) == 0 && !in.broken && len(in.problems) == 0 {
		return nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("there is nothing to mirror"), Hint: "name mapping files with -f, or SRC DST"}
	}
	if in.broken && o.stopAtFailure() {
		for _, p := range in.problems {
			if p.Severity == source.Error {
				return nil, &cli.Error{Code: cli.ExitUsage, Err: p, Hint: p.Hint}
			}
		}
	}
	return in, nil
}

// add takes a file, or what keeps it from being used. A file without any
// mapping is no error here: there is nothing to do.
func (in *input) add(f *mapping.File) {
	bad, empty := false, true
	for _, l := range f.Lines {
		empty = empty && l.Kind != mapping.Mapped && l.Kind != mapping.Invalid
	}
	for _, p := range f.Problems {
		if empty {
			p.Severity = source.Warning
		}
		bad = bad || p.Severity == source.Error
		in.problems = append(in.problems, p)
	}
	switch {
	case bad:
		in.broken = true
	case empty:
		in.files = append(in.files, &mapping.File{Name: f.Name})
	default:
		in.files = append(in.files, &mapping.File{Name: f.Name, Lines: f.Lines})
	}
}

// leftOut are the errors for which files were left out.
func (in *input) leftOut() []mirror.Problem {
	var out []mirror.Problem
	for _, p := range in.problems {
		if p.Severity == source.Error {
			out = append(out, mirror.Problem{File: p.Pos.File, Line: p.Pos.Line, Column: p.Pos.Column, Message: p.Message, Hint: p.Hint})
		}
	}
	return out
}

func (o *options) stopAtFailure() bool { return o.failFast || !o.continueOnError }

// names expands what -f names: globs, and lists with commas as oc takes them.
func (o *options) names(args []string) ([]string, error) {
	var out []string
	for _, f := range o.files {
		if f == "-" || exists(f) {
			out = append(out, f)
			continue
		}
		if strings.Contains(f, ",") {
			more := &options{files: strings.Split(f, ",")}
			names, err := more.names(args)
			if err != nil {
				return nil, err
			}
			out = append(out, names...)
			continue
		}
		matches, err := filepath.Glob(f)
		if err != nil {
			return nil, cli.Usagef("-f %s: %w", f, err)
		}
		if len(matches) == 0 {
			return nil, cli.Usagef("-f %s: no such file, and no file matches it", f)
		}
		out = append(out, matches...)
	}
	return out, nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func readFile(env cli.Env, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(env.Stdin, maxInput))
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, cli.Usagef("%w", err)
	case info.IsDir():
		return nil, cli.Usagef("%s is a folder, not a mapping file", name)
	case info.Size() > maxInput:
		return nil, cli.Usagef("%s has %d bytes, which no mapping file has", name, info.Size())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	return data, nil
}
