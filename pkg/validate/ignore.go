package validate

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func ignoreComment() Rule {
	const line = "registry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n"
	return Rule{
		ID:    "ignore-comment",
		Title: "an ignore comment that is unknown, without a reason, or no longer needed",
		Why: "The next reader has to know why the finding is intended. " +
			"A comment that ignores nothing today hides the next mistake.",
		Fix: "Write # mirror-lint:ignore RULE reason, on the line of the finding or the line above. Separate several rules with commas. " +
			"A comment at the top of a file, followed by an empty line, applies to the whole file. Remove it when the finding is gone.",
		Severity: source.Warning,
		Bad:      "-- core-services/image-mirroring/team/mapping_team --\n# mirror-lint:ignore mapping-syntax\n" + line,
		Good:     "-- core-services/image-mirroring/team/mapping_team --\n" + line,
		Check:    func(*Pass) {}, // it needs the findings of the other rules: see applyIgnores
	}
}

// ignoreMark is the prefix of an ignore comment, before the rules, separated by
// commas, and the reason.
var ignoreMark = regexp.MustCompile(`#\s*mirror-lint:ignore\b[ \t]*((?:[^\s,]*[ \t]*,[ \t]*)*[^\s,]*)[ \t]*(.*)`)

// ignore is one comment.
type ignore struct {
	pos    source.Position
	rules  []string
	reason string
	last   int  // the line that it applies to: its own, or the first one below a block of comments
	head   bool // it is above everything else in its file
	whole  bool // followed by an empty line: it applies to the whole file
	used   map[string]bool
}

// applyIgnores removes the findings that a comment suppresses, and reports
// invalid and unused comments. run are the IDs of the rules that were run.
func applyIgnores(p *Pass, run map[string]bool) {
	files := map[string]bool{}
	for _, name := range p.tree.Files() {
		files[name] = true
	}
	for _, f := range p.out.Findings {
		files[f.Pos.File] = true
	}
	found := false
	for name := range files {
		found = len(p.ignoresIn(name)) > 0 || found
	}
	if !found {
		return
	}
	p.out.Findings = slices.DeleteFunc(p.out.Findings, func(f Finding) bool {
		return p.ignoredFor(f.Rule, f.Pos)
	})
	if !run[p.rule.ID] {
		return
	}
	for _, s := range p.out.Skipped {
		run[s.Rule] = false // its comments may suppress a finding that was not checked
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for _, ig := range p.ignoresIn(name) {
			checkIgnore(p, ig, run)
		}
	}
}

// ignoresIn returns the ignore comments of a file.
func (f *facts) ignoresIn(name string) []*ignore {
	found, ok := f.ignores[name]
	if !ok {
		found = findIgnores(name, string(f.tree.Text(name)))
		if f.counts != nil {
			found = slices.DeleteFunc(found, func(ig *ignore) bool { return !f.counts(ig) })
		}
		f.ignores[name] = found
	}
	return found
}

// ignored reports whether a comment suppresses what the rule reports about one
// place. A rule with several places in one finding calls it for each of them,
// so that the comment at one place does not cover the others.
func (p *Pass) ignored(pos source.Position) bool { return p.ignoredFor(p.rule.ID, pos) }

func (f *facts) ignoredFor(rule string, pos source.Position) bool {
	for _, ig := range f.ignoresIn(pos.File) {
		if ig.quiets(rule, pos) {
			ig.used[rule] = true
			return true
		}
	}
	return false
}

// quiets reports whether the comment applies to a finding: by its line, in the
// head of the file for a finding without a line, or for the whole file.
func (ig *ignore) quiets(rule string, pos source.Position) bool {
	if ig.reason == "" || !slices.Contains(ig.rules, rule) {
		return false
	}
	return ig.whole || pos.Line >= ig.pos.Line && pos.Line <= ig.last || pos.Line == 0 && ig.head
}

func checkIgnore(p *Pass, ig *ignore, run map[string]bool) {
	if len(ig.rules) == 0 {
		p.Report(ig.pos, "write # mirror-lint:ignore RULE reason", "the comment names no rule")
		return
	}
	if ig.reason == "" {
		p.Report(ig.pos, "write why after the rule", "the comment that ignores %s gives no reason", strings.Join(ig.rules, ", "))
		return
	}
	for _, id := range ig.rules {
		switch _, known := Lookup(id); {
		case !known:
			p.Report(ig.pos, nearestRule(id), "no rule is named %q", id)
		case run[id] && !ig.used[id]:
			p.Report(ig.pos, "remove the comment", "the comment ignores no finding of %s", id)
		}
	}
}

// findIgnores returns the ignore comments of a file.
func findIgnores(name, text string) []*ignore {
	if !strings.Contains(text, "mirror-lint:ignore") {
		return nil
	}
	var out, open []*ignore
	n, head := 0, true
	for line := range strings.Lines(text) {
		n++
		trimmed := strings.TrimSpace(line)
		comment := strings.HasPrefix(trimmed, "#")
		for _, ig := range open {
			ig.last = n
		}
		if !comment {
			open = nil
		}
		if trimmed == "" && head {
			for _, ig := range out {
				ig.whole = true
			}
		}
		if trimmed != "" && !comment {
			head = false
		}
		m := ignoreMark.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		ig := &ignore{
			pos:  source.Position{File: name, Line: n, Column: utf8.RuneCountInString(line[:m[0]]) + 1},
			last: n, reason: strings.TrimSpace(line[m[4]:m[5]]), head: head, used: map[string]bool{},
		}
		for id := range strings.SplitSeq(line[m[2]:m[3]], ",") {
			if id = strings.TrimSpace(id); id != "" {
				ig.rules = append(ig.rules, id)
			}
		}
		out = append(out, ig)
		if comment {
			open = append(open, ig)
		}
	}
	return out
}
