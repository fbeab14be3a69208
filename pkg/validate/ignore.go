package validate

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mirror-tools/mirror-tools/internal/source"
)

func ignoreComment() Rule {
	const line = "registry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n"
	return Rule{
		ID:    "ignore-comment",
		Title: "an ignore comment that is unknown, without a reason, or no longer needed",
		Why: "Whoever reads the comment later has to know why the finding is meant to be there; " +
			"a comment that keeps nothing quiet hides the next mistake.",
		Fix:      "Write # mirror-lint:ignore RULE reason, on the line of the finding or the one above; remove it when the finding is gone.",
		Severity: source.Warning,
		Bad:      "-- core-services/image-mirroring/team/mapping_team --\n# mirror-lint:ignore mapping-syntax\n" + line,
		Good:     "-- core-services/image-mirroring/team/mapping_team --\n" + line,
		check:    func(*pass) {}, // it looks at what the other rules found: see applyIgnores
	}
}

// ignoreMark begins an ignore comment.
var ignoreMark = regexp.MustCompile(`#\s*mirror-lint:ignore\b[ \t]*(\S*)[ \t]*(.*)`)

// ignore is one comment.
type ignore struct {
	pos    source.Position
	rules  []string
	reason string
	head   bool // it stands above everything else in its file
	used   map[string]bool
}

// applyIgnores takes out the findings that a comment keeps quiet and reports
// comments that are wrong. run are the IDs of the rules that were run.
func (p *pass) applyIgnores(run map[string]bool) {
	files := map[string]bool{}
	for _, name := range p.tree.Files() {
		files[name] = true
	}
	for _, f := range p.out.Findings {
		files[f.Pos.File] = true
	}
	ignores := map[string][]*ignore{}
	for name := range files {
		if found := findIgnores(name, string(p.tree.Text(name))); len(found) > 0 {
			ignores[name] = found
		}
	}
	if len(ignores) == 0 {
		return
	}
	p.out.Findings = slices.DeleteFunc(p.out.Findings, func(f Finding) bool {
		for _, ig := range ignores[f.Pos.File] {
			if ig.quiets(f) {
				ig.used[f.Rule] = true
				return true
			}
		}
		return false
	})
	if !run[p.rule.ID] {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(ignores)) {
		for _, ig := range ignores[name] {
			p.checkIgnore(ig, run)
		}
	}
}

// quiets says whether the comment is about a finding: on its line or the next,
// or in the head of the file for a finding without a line.
func (ig *ignore) quiets(f Finding) bool {
	if ig.reason == "" || !slices.Contains(ig.rules, f.Rule) {
		return false
	}
	return f.Pos.Line == ig.pos.Line || f.Pos.Line == ig.pos.Line+1 || f.Pos.Line == 0 && ig.head
}

func (p *pass) checkIgnore(ig *ignore, run map[string]bool) {
	if len(ig.rules) == 0 {
		p.report(ig.pos, "write # mirror-lint:ignore RULE reason", "the comment names no rule")
		return
	}
	if ig.reason == "" {
		p.report(ig.pos, "write why after the rule", "the comment that ignores %s gives no reason", strings.Join(ig.rules, ", "))
		return
	}
	for _, id := range ig.rules {
		switch _, known := Lookup(id); {
		case !known:
			p.report(ig.pos, "see mirror-lint rules", "no rule is named %q", id)
		case run[id] && !ig.used[id]:
			p.report(ig.pos, "remove the comment", "nothing here is reported by %s", id)
		}
	}
}

// findIgnores gives the ignore comments of a file.
func findIgnores(name, text string) []*ignore {
	if !strings.Contains(text, "mirror-lint:ignore") {
		return nil
	}
	var out []*ignore
	n, head := 0, true
	for line := range strings.Lines(text) {
		n++
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && !strings.HasPrefix(trimmed, "#") {
			head = false
		}
		m := ignoreMark.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		ig := &ignore{
			pos:    source.Position{File: name, Line: n, Column: utf8.RuneCountInString(line[:m[0]]) + 1},
			reason: strings.TrimSpace(line[m[4]:m[5]]), head: head, used: map[string]bool{},
		}
		for id := range strings.SplitSeq(line[m[2]:m[3]], ",") {
			if id != "" {
				ig.rules = append(ig.rules, id)
			}
		}
		out = append(out, ig)
	}
	return out
}
