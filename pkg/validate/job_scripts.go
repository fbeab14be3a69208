package validate

import (
	"regexp"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// scriptDeparture is a mistake in a script that no good script has.
type scriptDeparture struct {
	severity source.Severity
	offset   int // in the script
	what     string
}

var (
	echoed     = regexp.MustCompile(`echo "?Running: (oc [^"\n]*)"?`)
	ran        = regexp.MustCompile(`(?m)^\s*(?:if )?(?:! )?(oc (?:-v\d+ )?image mirror[^;\n]*)`)
	blanks     = regexp.MustCompile(`\s+`)
	blankLines = regexp.MustCompile(`(?m)^[ \t]*\n`)
	// unsaid matches parts of a command that scripts do not echo: the auth file
	// and debug output.
	unsaid = regexp.MustCompile(`\s(?:-a[= ]\S+|-v\d+)`)
)

// scriptDepartures finds mistakes in a script that do not depend on its
// template.
func scriptDepartures(script string) []scriptDeparture {
	run := ran.FindStringSubmatchIndex(script)
	if run == nil {
		return nil
	}
	command := script[run[2]:run[3]]
	var out []scriptDeparture
	say := func(severity source.Severity, offset int, what string) {
		out = append(out, scriptDeparture{severity, offset, what})
	}
	if said := echoed.FindStringSubmatchIndex(script); said != nil && plainCommand(script[said[2]:said[3]]) != plainCommand(command) {
		say(source.Info, said[2], "the command that the log shows ("+strings.TrimSpace(script[said[2]:said[3]])+") is not the one that is run ("+strings.TrimSpace(command)+")")
	}
	if !strings.Contains(command, "--skip-multiple-scopes") {
		say(source.Warning, run[2], "without --skip-multiple-scopes oc pushes every repository with the credential of the first")
	}
	if i := strings.Index(script, "--dry-run"); i >= 0 {
		say(source.Warning, i, "it only says what it would mirror (--dry-run)")
	}
	if i := strings.Index(script, "if ! oc"); i >= 0 && !strings.Contains(script, "exit $failures") && !strings.Contains(script, "exit ${failures}") && !strings.Contains(script, "exit 1") {
		say(source.Warning, i, "a failure does not make the job fail")
	}
	return out
}

// plainCommand removes quotes and the parts that scripts do not echo.
func plainCommand(s string) string {
	s = strings.NewReplacer(`"`, "", "${", "$", "}", "").Replace(s)
	return strings.TrimSpace(blanks.ReplaceAllString(unsaid.ReplaceAllString(s, ""), " "))
}

// loopDifference returns the settings that turn one loop into another.
func loopDifference(a, b release.Loop) []string {
	var out []string
	for _, s := range []struct {
		name   string
		differ bool
	}{
		{"registry_login", a.Login != b.Login},
		{"attempts", a.Attempts != b.Attempts},
		{"continue_on_error", a.ContinueOnError != b.ContinueOnError},
		{"max_per_registry", a.MaxPerRegistry != b.MaxPerRegistry},
		{"keep_manifest_list", a.KeepManifestList != b.KeepManifestList},
		{"skip_empty", a.SkipEmpty != b.SkipEmpty},
		{"verbosity", a.Verbosity != b.Verbosity},
		{"trace", a.Trace != b.Trace},
	} {
		if s.differ {
			out = append(out, s.name)
		}
	}
	return out
}

// foreignLine returns the first line of a script that is neither a comment nor
// in the template's script, with its position. FIXME in the template matches
// any text.
func foreignLine(template, script string) (line string, offset int) {
	known := map[string]bool{}
	var patterns []*regexp.Regexp
	for l := range strings.Lines(template) {
		l = strings.TrimSpace(l)
		if known[l] = true; strings.Contains(l, release.Placeholder) {
			patterns = append(patterns, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(l), release.Placeholder, `\S*`)+"$"))
		}
	}
	at := 0
next:
	for l := range strings.Lines(script) {
		start := at + len(l) - len(strings.TrimLeft(l, " \t"))
		at += len(l)
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' || known[l] {
			continue
		}
		for _, p := range patterns {
			if p.MatchString(l) {
				continue next
			}
		}
		return l, start
	}
	return "", 0
}

// usualValues are the differences that most jobs have: they are the convention
// of the repository.
type usualValues map[string]string // by path

// usualDepartures finds the values that more than half of the jobs, and at
// least three, have instead of the template's.
func usualDepartures(all [][]departure) usualValues {
	type vote struct{ path, value string }
	votes := map[vote]int{}
	for _, job := range all {
		for _, d := range job {
			votes[vote{d.path, d.value}]++
		}
	}
	usual := usualValues{}
	for v, n := range votes {
		if n >= 3 && 2*n > len(all) {
			usual[v.path] = v.value
		}
	}
	return usual
}

func (u usualValues) has(d departure) bool {
	value, ok := u[d.path]
	return ok && value == d.value
}

// covers reports whether most jobs differ from the template in the same field
// as a job.
func (u usualValues) covers(d departure) bool {
	_, ok := u[d.path]
	return ok
}

// instead describes a job's value that replaces the usual one or the
// template's.
func (u usualValues) instead(d departure) string {
	value, ok := u[d.path]
	switch {
	case !ok:
		return d.what
	case value == "":
		return d.path + " is " + d.value + ", most jobs have none"
	case d.value == "":
		return "it has no " + d.path + ", most jobs have " + value
	}
	return d.path + " is " + d.value + ", most jobs have " + value
}
