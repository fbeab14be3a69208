package report

import (
	"io"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

type jsonDocument struct {
	Version  int                `json:"version"`
	Findings []jsonFinding      `json:"findings"`
	Summary  jsonSummary        `json:"summary"`
	Skipped  []validate.Skipped `json:"skipped"`
	Causes   []jsonCause        `json:"causes"`
}

type jsonCause struct {
	ID       string          `json:"id"`
	Rule     string          `json:"rule"`
	Severity source.Severity `json:"severity"`
	Message  string          `json:"message"`
	Hint     string          `json:"hint,omitempty"`
	Places   int             `json:"places"`
}

type jsonSummary struct {
	Error   int `json:"error"`
	Warning int `json:"warning"`
	Info    int `json:"info"`
}

type jsonFinding struct {
	Rule     string          `json:"rule"`
	Severity source.Severity `json:"severity"`
	File     string          `json:"file"`
	Line     int             `json:"line"`
	Column   int             `json:"column"`
	Message  string          `json:"message"`
	Hint     string          `json:"hint,omitempty"`
	Related  []jsonRelated   `json:"related,omitempty"`
	Cause    string          `json:"cause"`
	Owners   []string        `json:"owners,omitempty"`
}

type jsonRelated struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// JSON writes the result as the document of version 1: a finding for each
// place, and below them the causes that they have in common. owners gives the
// people to ask about a place; it may be nil.
func JSON(w io.Writer, r *validate.Result, owners func(source.Position) []string) error {
	doc := jsonDocument{
		Version:  1,
		Findings: make([]jsonFinding, 0, len(r.Findings)),
		Summary:  jsonSummary{r.Count(source.Error), r.Count(source.Warning), r.Count(source.Info)},
		Skipped:  append([]validate.Skipped{}, r.Skipped...),
		Causes:   []jsonCause{},
	}
	for _, f := range r.Findings {
		j := jsonFinding{
			Rule: f.Rule, Severity: f.Severity, File: f.Pos.File, Line: f.Pos.Line, Column: f.Pos.Column,
			Message: f.Message, Hint: f.Hint, Cause: f.CauseID(),
		}
		if owners != nil {
			j.Owners = owners(f.Pos)
		}
		for _, rel := range f.Related {
			j.Related = append(j.Related, jsonRelated{rel.Pos.File, rel.Pos.Line, rel.Pos.Column, rel.Message})
		}
		doc.Findings = append(doc.Findings, j)
	}
	for _, g := range validate.GroupByCause(r.Findings) {
		first := g.First()
		doc.Causes = append(doc.Causes, jsonCause{g.ID, first.Rule, first.Severity, g.Message(), g.Hint(), len(g.Findings) + len(g.Consequences)})
	}
	return text.JSON(w, doc)
}
