package jobgen

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Switched is the result of [Switch].
type Switched struct {
	Files     []File // the _job.yaml of each set
	Sets      []SwitchedSet
	Generated *Output // nil if a set has obstacles
}

// SwitchedSet is one set whose runner changes.
type SwitchedSet struct {
	Name     string
	From, To release.Runner
	Changes  []string // what the new runner does differently
	Obstacles
}

// Obstacles are the problems that prevent another runner.
type Obstacles Problems

// Blocked reports whether a set has obstacles.
func (s *Switched) Blocked() bool {
	return slices.ContainsFunc(s.Sets, func(x SwitchedSet) bool { return len(x.Obstacles) > 0 })
}

// Switch changes the runner of sets in their _job.yaml, and their jobs in the
// jobs file. The rest of the jobs file does not change. If a set has obstacles,
// the caller must not write anything. The error is a [Problems].
func Switch(tree *release.Tree, runner release.Runner, names ...string) (*Switched, error) {
	out := &Switched{}
	for _, name := range names {
		set, err := setNamed(tree, name)
		if err != nil {
			return nil, err
		}
		if set.Job == nil && !adopted(tree) && tree.Runs().JobOf(set) != nil {
			return nil, Problems{{Pos: source.Position{File: set.Dir}, Message: "the job of " + name + " is hand-written: it has no settings to change", Hint: convertHint(tree, set)}}
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
		generated.Notes = slices.DeleteFunc(generated.Notes, func(n source.Problem) bool { return out.explains(tree, n) })
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

// explains reports whether the changes of a set have what a note about its settings
// has: that a setting has no effect.
func (s *Switched) explains(tree *release.Tree, note source.Problem) bool {
	const useless = " has no effect"
	key, _, ok := strings.Cut(note.Message, useless)
	return ok && slices.ContainsFunc(s.Sets, func(x SwitchedSet) bool {
		return strings.HasPrefix(note.Pos.File, tree.Layout.Set(x.Name)+"/") && slices.ContainsFunc(x.Changes, func(c string) bool { return strings.HasPrefix(c, key) && strings.Contains(c, useless) })
	})
}

func runnerOf(tree *release.Tree, set *release.Set) release.Runner {
	return cmp.Or(setSubject(tree, set).all.Runner, release.RunnerOC)
}

var runnerLine = regexp.MustCompile(`(?m)^runner:.*(?:\n|\z)`)

// runnerFile returns the _job.yaml of a set with another runner. It leaves out the
// default.
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

// behaviour lists what changes for a set with another runner.
func behaviour(s subject, from, to release.Runner) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	keys := s.own.Keys()
	switch to {
	case release.RunnerMirror:
		say("mirror skips unchanged images; an image that fails does not stop the others")
		say("multi-architecture images are copied completely")
		if s.all.Attempts > 1 {
			say("attempts: %d has no effect: it counts attempts per mapping file, and mirror retries single requests", s.all.Attempts)
		}
		if s.all.SkipEmpty != nil && *s.all.SkipEmpty {
			say("skip_empty has no effect: an empty mapping file never fails")
		}
		for _, key := range [...]string{"trace", "verbosity"} {
			if slices.Contains(keys, key) {
				say("%s has no effect: mirror has its own log", key)
			}
		}
		if s.all.RegistryLogin == release.LoginUnused {
			say("the unused login is removed")
		}
		if s.all.RegistryLogin == "" && from == release.RunnerEntrypoint {
			say("the entry point always logs in to the cluster's registry; mirror needs registry_login: true for private sources")
		}
		if s.all.PullSecret != "" && s.all.PullSecret != release.NoPullSecret {
			say("the secret for pulling is only used for registries that the other one has no credential for")
		}
		say("the job's artifacts include reports: JUnit, HTML, metrics")
	case release.RunnerEntrypoint:
		say("the entry point decides what is copied and how often it is retried")
	default:
		say("oc copies every image on every run and overwrites every tag")
		for _, key := range [...]string{"overwrite", "immutable", "protected", "backup", "shards"} {
			if slices.Contains(keys, key) {
				say("%s is not supported", key)
			}
		}
	}
	return out
}
