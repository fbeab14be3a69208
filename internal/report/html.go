package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// HTMLOptions say what an HTML report needs beyond the findings.
type HTMLOptions struct {
	// Source gives the text of a file; nil when it is not to be had.
	Source func(file string) []byte
	// Set gives the name of the set that a place is about, "" when there is
	// none; nil when nothing is known of sets.
	Set     func(source.Position) string
	Nav     []page.Link // other pages of the same site
	Version string      // of the command
}

var (
	//go:embed html.tmpl
	htmlContent string
	//go:embed finding.tmpl
	findingTemplate string
)

// HTML writes the findings as a page: those of the set with the most and worst
// first, each with its line and the places related to it, and what the rules
// mean.
func HTML(w io.Writer, r *validate.Result, rules []validate.Rule, opts HTMLOptions) error {
	h := htmlReport{}
	h.group(r, opts)
	h.explain(r, rules)
	h.Skipped = r.Skipped
	count := func(s source.Severity) string { return text.Plural(r.Count(s), s.String()) }
	title := fmt.Sprintf("mirror-lint: %s, %s, %s", count(source.Error), count(source.Warning), count(source.Info))
	if len(r.Findings) == 0 {
		title = "mirror-lint: no findings"
	}
	return page.Write(w, page.Page{
		Title:       title,
		Description: "What is wrong with the image mirroring of the release repository, by set, and what to do.",
		Heading:     "Image mirroring: " + strings.TrimPrefix(title, "mirror-lint: "),
		Lead:        h.lead(r),
		Figures:     h.figures(r, rules),
		Footer:      strings.TrimSpace("mirror-lint " + opts.Version),
		Nav:         opts.Nav,
		Data:        &h,
	}, FindingTemplate()+htmlContent, HTMLFuncs())
}

type htmlReport struct {
	Groups  []*htmlGroup
	Rules   []htmlRule      // those with findings
	Quiet   []validate.Rule // those without
	Skipped []validate.Skipped
}

// htmlGroup are the findings of a set.
type htmlGroup struct {
	Set      string
	Count    [3]int // by severity
	Findings []HTMLFinding
}

// Name is the group's heading.
func (g *htmlGroup) Name() string { return cmp.Or(g.Set, "Outside any set") }

// Counts says how many findings there are.
func (g *htmlGroup) Counts() string {
	var parts []string
	for s, n := range g.Count {
		if n > 0 {
			parts = append(parts, text.Plural(n, source.Severity(s).String()))
		}
	}
	return strings.Join(parts, ", ")
}

// HTMLFinding is a finding as the template "finding" shows it.
type HTMLFinding struct {
	validate.Finding
	Set     string // for filtering
	RulesAt string // the page that explains the rules; "" is the same one
	Code    *htmlCode
	Near    []htmlRelated
	Other   []htmlRelated // more places than a person reads
}

type htmlRelated struct {
	validate.Related
	Code *htmlCode
}

// FindingTemplate defines the template "finding", for pages that show findings
// in their own way. It needs the functions of [HTMLFuncs].
func FindingTemplate() string { return findingTemplate }

// HTMLFuncs are the functions that the templates of findings call.
func HTMLFuncs() template.FuncMap { return template.FuncMap{"text": text.Clean} }

// HTMLFindings prepares findings for the template "finding". source gives the
// text of a file.
func HTMLFindings(findings []validate.Finding, source func(string) []byte) []HTMLFinding {
	l := newLines(source)
	out := make([]HTMLFinding, len(findings))
	for i, f := range findings {
		out[i] = HTMLFinding{Finding: f, Code: l.code(f.Pos)}
		for n, rel := range f.Related {
			if n < maxRelated {
				out[i].Near = append(out[i].Near, htmlRelated{rel, l.code(rel.Pos)})
			} else {
				out[i].Other = append(out[i].Other, htmlRelated{rel, nil})
			}
		}
	}
	return out
}

// Tone is the colour of the severity.
func (f HTMLFinding) Tone() page.Tone { return tone(f.Severity) }

func tone(s source.Severity) page.Tone {
	return [...]page.Tone{source.Error: page.Bad, source.Warning: page.Warn, source.Info: page.Info}[s]
}

// htmlCode is a line of a file with what a position points to.
type htmlCode struct {
	Line                 int
	Before, Marked, Rest string
}

// htmlRule is a rule and what it found.
type htmlRule struct {
	validate.Rule
	Found int
}

// Tone is the colour of the rule's severity.
func (r htmlRule) Tone() page.Tone { return tone(r.Severity) }

// Paragraphs are those of the help.
func (r htmlRule) Paragraphs() []string { return strings.Split(r.Help(), "\n\n") }

func (h *htmlReport) group(r *validate.Result, opts HTMLOptions) {
	bySet := map[string]*htmlGroup{}
	for _, f := range HTMLFindings(r.Findings, opts.Source) {
		set := ""
		if opts.Set != nil {
			set = opts.Set(f.Pos)
		}
		g := bySet[set]
		if g == nil {
			g = &htmlGroup{Set: set}
			bySet[set] = g
			h.Groups = append(h.Groups, g)
		}
		g.Count[f.Severity]++
		f.Set = g.Name()
		g.Findings = append(g.Findings, f)
	}
	slices.SortStableFunc(h.Groups, func(a, b *htmlGroup) int {
		for s := range a.Count {
			if a.Count[s] != b.Count[s] {
				return b.Count[s] - a.Count[s]
			}
		}
		return strings.Compare(a.Set, b.Set)
	})
	for _, g := range h.Groups {
		slices.SortStableFunc(g.Findings, func(a, b HTMLFinding) int { return cmp.Compare(a.Severity, b.Severity) })
	}
}

// code gives the line of a position; nil when there is none to show.
func (l lines) code(pos source.Position) *htmlCode {
	line, ok := l.at(pos)
	if !ok {
		return nil
	}
	line, column := cut(line, pos.Column, 400)
	if column == 0 || column > len(line) {
		return &htmlCode{Line: pos.Line, Rest: text.Clean(string(line))}
	}
	end := column - 1 + max(word(line, column), 1)
	return &htmlCode{pos.Line, text.Clean(string(line[:column-1])), text.Clean(string(line[column-1 : end])), text.Clean(string(line[end:]))}
}

func (h *htmlReport) explain(r *validate.Result, rules []validate.Rule) {
	found := map[string]int{}
	for _, f := range r.Findings {
		found[f.Rule]++
	}
	skipped := map[string]bool{}
	for _, s := range r.Skipped {
		skipped[s.Rule] = true
	}
	for _, rule := range rules {
		switch {
		case found[rule.ID] > 0:
			h.Rules = append(h.Rules, htmlRule{rule, found[rule.ID]})
		case !skipped[rule.ID]:
			h.Quiet = append(h.Quiet, rule)
		}
	}
}

// lead says in a sentence where to begin.
func (h *htmlReport) lead(r *validate.Result) string {
	switch {
	case len(r.Findings) == 0:
		return "Nothing is wrong that the rules know of."
	case r.Count(source.Error) == 0:
		return "Nothing here stops an image from being mirrored; the set with the most findings comes first."
	}
	return "Errors stop images from being mirrored, or mirror the wrong ones. The set with the most of them comes first."
}

func (h *htmlReport) figures(r *validate.Result, rules []validate.Rule) []page.Figure {
	figure := func(label string, n int, t page.Tone) page.Figure {
		if n == 0 {
			t = page.Plain
		}
		return page.Figure{Label: label, Value: fmt.Sprint(n), Tone: t}
	}
	sets := 0
	for _, g := range h.Groups {
		if g.Set != "" {
			sets++
		}
	}
	checked := page.Figure{Label: "Rules checked", Value: fmt.Sprint(len(h.Rules) + len(h.Quiet)), Note: fmt.Sprintf("of %d", len(rules))}
	return []page.Figure{
		figure("Errors", r.Count(source.Error), page.Bad),
		figure("Warnings", r.Count(source.Warning), page.Warn),
		figure("Infos", r.Count(source.Info), page.Info),
		figure("Sets with findings", sets, page.Plain),
		checked,
	}
}
