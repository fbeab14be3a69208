package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/release"
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

// read checks the flags, and reads every mapping file and the arguments. A file that
// has an error or cannot be read is left out and told, unless failures end the run.
func (o *options) read(ctx context.Context, env cli.Env, args []string) (*input, error) {
	if err := cmp.Or(o.times.check(), o.numbers()); err != nil {
		return nil, err
	}
	in := &input{}
	names, words, err := o.sort(o.insecureHosts(args, env.Stderr))
	if err != nil {
		return nil, err
	}
	take := func(name string, add func(data []byte)) error {
		data, err := readFile(ctx, env, name)
		switch {
		case ctx.Err() != nil:
			return cli.Failf("%w while reading %s", context.Cause(ctx), name)
		case err != nil:
			in.leave(name, err)
		default:
			add(data)
		}
		return nil
	}
	for _, name := range names {
		if err := take(name, func(data []byte) { in.add(mapping.Parse(name, data)) }); err != nil {
			return nil, err
		}
	}
	for _, name := range o.ciImages {
		if err := take(name, func(data []byte) { in.addImages(release.ParseCIImages(name, data)) }); err != nil {
			return nil, err
		}
	}
	if len(words) > 0 {
		in.add(mapping.ParseArguments(words))
	}
	if len(in.files) == 0 && !in.broken && len(in.problems) == 0 {
		return nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("nothing to mirror"), Hint: "name mapping files with -f, or SRC DST"}
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

// sort separates names of files from references. With -f, an argument that is a
// file belongs to a glob that the shell expanded. Without it, -f was forgotten.
func (o *options) sort(args []string) (names, words []string, err error) {
	if slices.Contains(o.files, "") {
		return nil, nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("-f has an empty name"), Hint: "check whether a variable is unset"}
	}
	if names, err = expand(o.files); err != nil {
		return nil, nil, err
	}
	for _, a := range args {
		switch {
		case !exists(a):
			words = append(words, a)
		case len(o.files) == 0:
			return nil, nil, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%s is a file, not an image", a), Hint: "name mapping files with -f"}
		default:
			names = append(names, a)
		}
	}
	return names, words, nil
}

// add adds a file, or its error. A file without any mapping is not an error
// here: there is nothing to do.
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

// leave leaves out a file that cannot be read.
func (in *input) leave(name string, err error) {
	in.broken = true
	in.problems = append(in.problems, source.Problem{Pos: source.Position{File: name}, Severity: source.Error, Message: err.Error()})
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

func (o *verdicts) stopAtFailure() bool { return o.failFast || !o.continueOnError }

// expand expands the arguments of -f: globs, and lists with commas as oc
// accepts them. What matches nothing stays, so that reading it fails.
func expand(files []string) ([]string, error) {
	var out []string
	for _, f := range files {
		if f == "-" || exists(f) {
			out = append(out, f)
			continue
		}
		if strings.Contains(f, ",") {
			names, err := expand(slices.DeleteFunc(strings.Split(f, ","), func(s string) bool { return s == "" }))
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
			matches = []string{f}
		}
		out = append(out, matches...)
	}
	return out, nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// readFile reads a file, which may be a pipe, until the context ends. Whatever
// is larger than maxInput is refused: the beginning of a mapping is another
// mapping.
func readFile(ctx context.Context, env cli.Env, name string) ([]byte, error) {
	return argfile.Await(ctx, func() ([]byte, error) {
		if name == "-" {
			return argfile.ReadStream(env.Stdin, maxInput)
		}
		info, err := os.Stat(name)
		switch {
		case os.IsNotExist(err) && !exists(name):
			return nil, fmt.Errorf("no such file, and no file matches it")
		case os.IsNotExist(err):
			return nil, fmt.Errorf("dangling symbolic link")
		case err != nil:
			return nil, reason(err)
		case info.IsDir():
			return nil, fmt.Errorf("is a folder, not a mapping file")
		}
		data, err := argfile.ReadAtMost(name, maxInput)
		return data, reason(err)
	})
}

// reason is an error without the name of the file, which stands before it.
func reason(err error) error {
	if path, ok := err.(*os.PathError); ok {
		return path.Err
	}
	return err
}
