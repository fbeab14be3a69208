package effectreport

import (
	"io"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// jsonDocument is the document of mirror-jobgen diff --format json.
type jsonDocument struct {
	Version int    `json:"version"` // 1
	From    string `json:"from"`
	To      string `json:"to,omitempty"` // "" is the working tree
	// SameImages and Empty are those of the effect.
	SameImages bool                   `json:"sameImages"`
	Empty      bool                   `json:"empty"`
	Title      string                 `json:"title"`
	Summary    map[effects.Change]int `json:"summary"`
	*effects.Effect
	// NotGenerated is what mirror-jobgen generate would change in the second tree
	// only.
	NotGenerated []Note `json:"notGenerated,omitempty"`
	// Plan is the report of mirror plan for the images to copy.
	Plan *mirror.Report `json:"plan,omitempty"`
}

// JSON writes a change as one document.
func JSON(w io.Writer, c Change) error {
	doc := jsonDocument{
		Version: 1, From: c.From, To: c.To, SameImages: c.SameImages(), Empty: c.Empty(), Title: c.Title(),
		Summary: map[effects.Change]int{}, Effect: c.Effect, Plan: c.Plan, NotGenerated: c.NotGenerated,
	}
	for _, change := range effects.Changes() {
		doc.Summary[change] = c.Count(change)
	}
	return text.JSON(w, doc)
}
