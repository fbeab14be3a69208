package jobgen

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Switched is what [Switch] makes.
type Switched struct {
	Files     []File // the _job.yaml of each set
	Sets      []SwitchedSet
	Generated *Output // nil when something stands in the way of a set
}

// SwitchedSet is one set whose runner changes.
type SwitchedSet struct {
	Name     string
	From, To release.Runner
	Changes  []string // what the new runner does otherwise
	Obstacles
}

// Obstacles are what stands in the way of another runner.
type Obstacles Problems

// Blocked reports whether anything stands in the way of a set.
func (s *Switched) Blocked() bool {
	return slices.ContainsFunc(s.Sets, func(x SwitchedSet) bool { return len(x.Obstacles) > 0 })
}

// Switch changes the runner of some sets in their _job.yaml, and their jobs in
// the jobs file, which stays as it is otherwise. What stands in the way of a set
// is told with the set, and nothing is to be written then. The error is a
// [Problems].
func Switch(tree *release.Tree, runner release.Runner, names ...string) (*Switched, error) {
	out := &Switched{}
	for _, name := range names {
		set, err := setNamed(tree, name)
		if err != nil {
			return nil, err
		}
		if set.Job == nil && !adopted(tree) && tree.Runs().JobOf(set) != nil {
			return nil, Problems{{Pos: source.Position{File: set.Dir}, Message: "the job of " + name + " is hand-written: it has no settings to change", Hint: "take the jobs over first, with 'mirror-jobgen import'"}}
		}
		from := runnerOf(tree, set)
		x := SwitchedSet{Name: name, From: from, To: runner}
		if from != runner {
			out.Files = append(out.Files, runnerFile(tree, set, runner))
			x.Changes = behaviour(setSubject(tree, set), from, runner)
		}
		out.Sets = append(out.Sets, x)
	}
	generated, err := regenerate(tree, out.Files, Options{Only: names})
	if err == nil {
		out.Generated = generated
		return out, nil
	}
	problems, ok := err.(Problems)
	if !ok {
		return nil, err
	}
	for i := range out.Sets {
		dir := tree.Layout.Set(out.Sets[i].Name) + "/"
		for _, p := range problems {
			if strings.HasPrefix(p.Pos.File, dir) {
				out.Sets[i].Obstacles = append(out.Sets[i].Obstacles, p)
			}
		}
	}
	if !out.Blocked() {
		return nil, err
	}
	return out, nil
}

func runnerOf(tree *release.Tree, set *release.Set) release.Runner {
	if r := setSubject(tree, set).all.Runner; r != "" {
		return r
	}
	return release.RunnerOC
}

var runnerLine = regexp.MustCompile(`(?m)^runner:.*(?:\n|\z)`)

// runnerFile returns the _job.yaml of a set with another runner: without the line
// where that is the default.
func runnerFile(tree *release.Tree, set *release.Set, runner release.Runner) File {
	f := File{Path: set.Dir + "/" + release.JobSettingsName}
	if set.Job != nil {
		f.Old = tree.Text(f.Path)
		if f.Old == nil {
			f.Old = []byte{}
		}
	}
	line := "runner: " + string(runner) + "\n"
	if without := (&release.JobSettings{Script: scriptOf(set)}).Over(tree.Settings.Defaults).Runner; without == runner || without == "" && runner == release.RunnerOC {
		line = ""
	}
	if at := runnerLine.FindIndex(f.Old); at != nil {
		f.New = slices.Concat(f.Old[:at[0]], []byte(line), f.Old[at[1]:])
		return f
	}
	f.New = withNewline(bytes.TrimRight(f.Old, "\n"), line)
	return f
}

func scriptOf(set *release.Set) string {
	if set.Job == nil {
		return ""
	}
	return set.Job.Script
}

// behaviour tells what becomes different for a set when another runner mirrors
// it.
func behaviour(s subject, from, to release.Runner) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	keys := s.own.Keys()
	switch to {
	case release.RunnerMirror:
		say("what has not changed is not copied again, and each image is tried on its own: one that fails keeps no other back")
		say("images of several architectures are copied whole")
		if s.all.Attempts > 1 {
			say("attempts: %d counts tries of a whole mapping file and has no effect: mirror retries single requests", s.all.Attempts)
		}
		if s.all.SkipEmpty != nil && *s.all.SkipEmpty {
			say("skip_empty has no effect: an empty mapping file is no failure anyway")
		}
		for _, key := range [...]string{"trace", "verbosity"} {
			if slices.Contains(keys, key) {
				say("%s has no effect: the log of mirror says what it does", key)
			}
		}
		if s.all.RegistryLogin == release.LoginUnused {
			say("the login that was not used is gone")
		}
		if s.all.RegistryLogin == "" && from == release.RunnerEntrypoint {
			say("the entry point logs in to the cluster's registry unasked; set registry_login: true where sources are not public")
		}
		say("the job's artifacts have reports: JUnit, a page, metrics")
	case release.RunnerEntrypoint:
		say("what is copied, and how often it is tried, is the entry point's to decide")
	default:
		say("oc copies every image on every run, and overwrites every tag")
		for _, key := range [...]string{"overwrite", "immutable", "protected", "backup", "shards"} {
			if slices.Contains(keys, key) {
				say("%s cannot be kept", key)
			}
		}
	}
	return out
}
