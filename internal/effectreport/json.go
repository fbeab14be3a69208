package effectreport

import (
	"io"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
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
}

// JSON writes an effect as one document. from and to name the two revisions.
func JSON(w io.Writer, e *effects.Effect, from, to string) error {
	doc := jsonDocument{Version: 1, From: from, To: to, SameImages: e.SameImages(), Empty: e.Empty(), Title: Title(e), Summary: map[effects.Change]int{}, Effect: e}
	for _, c := range effects.Changes() {
		doc.Summary[c] = e.Count(c)
	}
	return text.JSON(w, doc)
}
