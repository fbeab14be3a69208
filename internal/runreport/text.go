package runreport

import (
	"fmt"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Text tells a person what happens: a line for each destination that is not as
// it was, the failed ones again at the end, by cause, and a summary.
type Text struct {
	W     io.Writer
	Color bool
	Quiet bool // only what failed, and the summary
	Mode  mirror.Mode
}

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	bold   = "\x1b[1m"
	reset  = "\x1b[0m"
)

// verb is how an outcome is told, and its colour; "" is not worth a line.
func verb(o mirror.Outcome) (text, color string) {
	switch o {
	case mirror.Copied, mirror.Repaired:
		return string(o), green
	case mirror.Planned:
		return "would copy", cyan
	case mirror.Missing, mirror.Filtered, mirror.Protected:
		return string(o), yellow
	case mirror.Differs, mirror.Absent, mirror.Unknown, mirror.Failed:
		return string(o), red
	}
	return "", ""
}

func (t Text) paint(color, s string) string {
	if !t.Color {
		return s
	}
	return color + s + reset
}

// Worth says whether an entry is worth a line while the run is at work.
func (t Text) Worth(e mirror.Entry) bool {
	word, _ := verb(e.Outcome)
	return word != "" && (!t.Quiet || e.Bad())
}

// Entry tells of one destination when it is finished.
func (t Text) Entry(e mirror.Entry) {
	if !t.Worth(e) {
		return
	}
	word, color := verb(e.Outcome)
	line := e.Destination
	switch {
	case e.Error != "":
		line += ": " + e.Error
	case e.Digest != "":
		line += " " + e.Digest
	}
	if len(e.Details) > 0 {
		line += " (" + strings.Join(e.Details, "; ") + ")"
	}
	fmt.Fprintf(t.W, "%s %s\n", t.paint(color, word), text.Clean(line))
}

// Summary is what stands at the end: what failed and why, by outcome, what it
// cost.
func (t Text) Summary(r *mirror.Report) {
	for _, n := range r.Notes {
		fmt.Fprintf(t.W, "note: %s\n", text.Clean(n))
	}
	t.failures(r)
	var parts []string
	for _, o := range mirror.Outcomes() {
		if n := r.Summary[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing to do"}
	}
	moved := ""
	if m := r.Moved; m.Manifests > 0 {
		moved = fmt.Sprintf(", %s in %d blobs, %d mounted, %d manifests", Size(m.BlobBytes), m.Blobs, m.Mounts, m.Manifests)
	}
	requests := fmt.Sprintf("%d requests", r.Requests)
	if r.Expected > r.Requests {
		requests = fmt.Sprintf("%d requests (%d of them to plan)", r.Expected, r.Requests)
	}
	fmt.Fprintf(t.W, "%s: %s%s, %s, %.1f s\n", t.paint(bold, string(r.Mode)), strings.Join(parts, ", "), moved, requests, r.Seconds)
}

func (t Text) failures(r *mirror.Report) {
	groups := Failures(r)
	if n := leftOut(r); n > 0 {
		fmt.Fprintf(t.W, "\n%s\n", t.paint(bold, count(n, "mapping file")+" left out"))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(t.W, "%s %s\n", t.paint(red, "error:"), text.Clean(fmt.Sprintf("%s: %s", place(p), p.Message)))
		if p.Hint != "" {
			fmt.Fprintf(t.W, "hint: %s\n", text.Clean(p.Hint))
		}
	}
	for _, g := range groups {
		fmt.Fprintf(t.W, "\n%s\n", t.paint(bold, text.Clean(g.String())))
		for _, i := range g.Indexes {
			e := r.Entries[i]
			fmt.Fprintf(t.W, "%s %s\n", t.paint(red, "error:"), text.Clean(fmt.Sprintf("%s: %s: %s", position(e), e.Destination, e.Error)))
		}
		fmt.Fprintf(t.W, "hint: %s\n", g.Hint)
	}
	if len(r.Problems)+len(groups) > 0 {
		fmt.Fprintln(t.W)
	}
}
