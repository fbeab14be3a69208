package effectreport

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

//go:embed page.tmpl
var content string

// HTML writes an effect as a standalone page.
func HTML(w io.Writer, c Change, version string) error {
	d := newDocument(c, true)
	var data []htmlSection
	var figures []page.Figure
	for i, s := range d.sections {
		h := htmlSection{ID: fmt.Sprintf("changes-%d", i+1), Title: s.title, Note: s.note, Count: text.Thousands(s.count()), Tone: s.tone, Open: s.open}
		for _, g := range s.groups {
			hg := htmlGroup{Name: htmlWords(g.name)}
			for _, it := range g.items {
				hg.Items = append(hg.Items, htmlItem{htmlWords(it.text), strings.TrimSpace(where(it.at)), others(it.lines)})
			}
			if n := len(hg.Items); n > fewItems+1 {
				hg.Items, hg.More = hg.Items[:fewItems], hg.Items[fewItems:]
			}
			h.Groups = append(h.Groups, hg)
		}
		data = append(data, h)
		figures = append(figures, page.Figure{Label: s.title, Value: h.Count, Tone: s.tone, Href: "#" + h.ID})
	}
	return page.Write(w, page.Page{
		Title:       "mirror-jobgen diff: " + d.title,
		Description: "What the change mirrors differently, the most important first.",
		Heading:     "What this change mirrors differently",
		Lead:        strings.ToUpper(d.title[:1]) + d.title[1:] + ".",
		Figures:     figures,
		Footer:      strings.TrimSpace("mirror-jobgen " + version),
		Data:        data,
	}, content, template.FuncMap{})
}

// fewItems is the number of items of a group that are shown before a click, so that
// one large change does not hide the others.
const fewItems = 10

type htmlSection struct {
	ID, Title, Note, Count string
	Tone                   page.Tone
	Open                   bool
	Groups                 []htmlGroup
}

type htmlGroup struct {
	Name        []effects.Part
	Items, More []htmlItem
}

type htmlItem struct {
	Text   []effects.Part
	At     string
	Others string // " and 3 other lines", or ""
}

func htmlWords(w effects.Words) []effects.Part {
	out := make([]effects.Part, len(w))
	for i, p := range w {
		out[i] = effects.Part{Text: text.Line(p.Text), Code: p.Code}
	}
	return out
}

// Summary returns the heading of a section.
func (s htmlSection) Summary() string {
	if s.Note == "" {
		return fmt.Sprintf("%s (%s)", s.Title, s.Count)
	}
	return fmt.Sprintf("%s (%s): %s", s.Title, s.Count, s.Note)
}
