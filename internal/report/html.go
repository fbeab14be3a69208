package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// HTMLOptions has what an HTML report needs beyond the findings.
type HTMLOptions struct {
	// Source returns the text of a file, or nil if it is not available.
	Source func(file string) []byte
	// Set returns the name of the set that a place is about, "" when there is
	// none; nil when nothing is known of sets.
	Set     func(source.Position) string
	Owners  func(source.Position) []string // the people to ask about a place; may be nil
	Link    Link                           // where places are shown on the web
	Nav     []page.Link                    // other pages of the same site
	Version string                         // of the command
	Of      string                         // the commit and its date; "" when that is not known
}

// Link is the address of the repository's files on the web, or "".
type Link string

// To returns the address of a place, or "".
func (l Link) To(pos source.Position) string {
	if l == "" || pos.File == "" {
		return ""
	}
	address := strings.TrimSuffix(string(l), "/") + "/" + (&url.URL{Path: pos.File}).EscapedPath()
	if pos.Line > 0 {
		address += fmt.Sprintf("#L%d", pos.Line)
	}
	return address
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
	if opts.Set == nil {
		opts.Set = func(source.Position) string { return "" }
	}
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
		Figures:     h.figures(r, rules, CausesBySet(r.Findings, opts.Set)),
		Footer:      strings.TrimSpace("mirror-lint " + opts.Version + opts.Of),
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
	Set    string
	Count  [3]int // by severity
	Causes []HTMLCause
}

// Name is the group's heading.
func (g *htmlGroup) Name() string { return cmp.Or(g.Set, "Outside any set") }

// Counts returns how many findings there are.
func (g *htmlGroup) Counts() string {
	var parts []string
	for s, n := range g.Count {
		if n > 0 {
			parts = append(parts, text.Plural(n, source.Severity(s).String()))
		}
	}
	return strings.Join(parts, ", ")
}

// ID is what the jump list leads to.
func (g *htmlGroup) ID() string { return "set-" + slug(g.Name()) }

// slug returns a name in characters that an address takes as they are.
func slug(name string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
}

// HTMLCause is a cause as the template "finding" shows it: its first place with
// the line, its other places behind it.
type HTMLCause struct {
	Rule     string
	Severity source.Severity
	Text     string
	Todo     string
	Set      string // for filtering
	Owners   string // for filtering
	RulesAt  string // the page that explains the rules; "" is the same one
	At       htmlPlace
	Near     []htmlPlace
	Other    []htmlPlace // more places than a person reads
}

// htmlPlace is a place with its line, where it is shown, and what is there.
type htmlPlace struct {
	Name    string
	Href    string
	Message string
	Code    *htmlCode
}

// FindingTemplate defines the template "finding", for pages that show findings
// in their own way. It needs the functions of [HTMLFuncs].
func FindingTemplate() string { return findingTemplate }

// HTMLFuncs are the functions that the templates of findings call.
func HTMLFuncs() template.FuncMap { return template.FuncMap{"text": text.Clean} }

// HTMLCauses prepares the causes of findings for the template "finding": those
// with other places by their messages, a single one by its related places.
func HTMLCauses(findings []validate.Finding, opts HTMLOptions) []HTMLCause {
	l := newLines(opts.Source)
	var out []HTMLCause
	for _, g := range validate.GroupByCause(findings) {
		f := g.First()
		c := HTMLCause{Rule: f.Rule, Severity: f.Severity, Text: g.Message(), Todo: g.Hint(), At: l.place(f.Pos, "", opts.Link)}
		if opts.Owners != nil {
			c.Owners = strings.Join(opts.Owners(f.Pos), ", ")
		}
		places := slices.Clone(f.Related)
		if len(g.Findings) > 1 {
			c.At.Message = f.Message
			places = nil
			for _, other := range g.Findings[1:] {
				places = append(places, validate.Related{Pos: other.Pos, Message: other.Message})
			}
		}
		for n, p := range append(places, consequences(g)...) {
			if n < maxRelated {
				c.Near = append(c.Near, l.place(p.Pos, p.Message, opts.Link))
			} else {
				c.Other = append(c.Other, htmlPlace{Name: p.Pos.String(), Href: opts.Link.To(p.Pos), Message: p.Message})
			}
		}
		out = append(out, c)
	}
	return out
}

// CausesBySet counts the causes that the findings page shows, by severity: one that
// is found in several sets is shown in each of them.
func CausesBySet(findings []validate.Finding, set func(source.Position) string) [3]int {
	bySet := map[string][]validate.Finding{}
	for _, f := range findings {
		bySet[set(f.Pos)] = append(bySet[set(f.Pos)], f)
	}
	var count [3]int
	for _, found := range bySet {
		for _, g := range validate.GroupByCause(found) {
			count[g.First().Severity]++
		}
	}
	return count
}

// place prepares a place with its line.
func (l lines) place(pos source.Position, message string, link Link) htmlPlace {
	return htmlPlace{Name: pos.String(), Href: link.To(pos), Message: message, Code: l.code(pos)}
}

// Tone is the colour of the severity.
func (f HTMLCause) Tone() page.Tone { return tone(f.Severity) }

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
	found := map[*htmlGroup][]validate.Finding{}
	for _, f := range r.Findings {
		set := opts.Set(f.Pos)
		g := bySet[set]
		if g == nil {
			g = &htmlGroup{Set: set}
			bySet[set] = g
			h.Groups = append(h.Groups, g)
		}
		g.Count[f.Severity]++
		found[g] = append(found[g], f)
	}
	for _, g := range h.Groups {
		g.Causes = HTMLCauses(found[g], opts)
		for i := range g.Causes {
			g.Causes[i].Set = g.Name()
		}
	}
	slices.SortStableFunc(h.Groups, func(a, b *htmlGroup) int {
		return cmp.Or(slices.Compare(b.Count[:], a.Count[:]), strings.Compare(a.Set, b.Set))
	})
	for _, g := range h.Groups {
		slices.SortStableFunc(g.Causes, func(a, b HTMLCause) int { return cmp.Compare(a.Severity, b.Severity) })
	}
}

// code returns the line of a position, or nil.
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

// lead returns a sentence about where to begin.
func (h *htmlReport) lead(r *validate.Result) string {
	switch {
	case len(r.Findings) == 0:
		return "The rules found no problems."
	case r.Count(source.Error) == 0:
		return "Nothing here stops an image from being mirrored; the set with the most findings comes first."
	}
	return "Errors stop images from being mirrored, or mirror the wrong ones. The set with the most of them comes first."
}

func (h *htmlReport) figures(r *validate.Result, rules []validate.Rule, causes [3]int) []page.Figure {
	figure := func(label string, n int, t page.Tone) page.Figure {
		if n == 0 {
			t = page.Plain
		}
		return page.Figure{Label: label, Value: fmt.Sprint(n), Tone: t}
	}
	found := func(label string, s source.Severity) page.Figure {
		f := figure(label, r.Count(s), tone(s))
		if n := causes[s]; n < r.Count(s) {
			f.Note = text.Plural(n, "cause")
		}
		return f
	}
	sets := 0
	for _, g := range h.Groups {
		if g.Set != "" {
			sets++
		}
	}
	checked := page.Figure{Label: "Rules checked", Value: fmt.Sprint(len(h.Rules) + len(h.Quiet)), Note: fmt.Sprintf("of %d", len(rules))}
	return []page.Figure{
		found("Errors", source.Error),
		found("Warnings", source.Warning),
		found("Infos", source.Info),
		figure("Sets with findings", sets, page.Plain),
		checked,
	}
}
