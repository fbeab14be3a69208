package runreport

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Text prints a run for people: a line for each destination that changed, at
// the end the failures, by cause, and a summary. A plan is printed at the end,
// sorted, so that two equal plans give equal texts.
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

// verb returns the word for an outcome, and its colour; "" means no line.
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

// Worth reports whether an entry gets a line of its own during the run.
func (t Text) Worth(e mirror.Entry) bool {
	word, _ := verb(e.Outcome)
	return word != "" && (!t.Quiet || e.Bad())
}

// live reports whether an entry is printed when it is finished. Entries with
// errors are printed at the end, grouped by error; a plan is printed at the
// end, in the order of the mapping files.
func (t Text) live(e mirror.Entry) bool {
	return t.Worth(e) && e.Error == "" && t.Mode != mirror.ModePlan
}

// Entry prints one destination when it is finished.
func (t Text) Entry(e mirror.Entry) {
	if t.live(e) {
		t.line(e)
	}
}

func (t Text) line(e mirror.Entry) {
	word, color := verb(e.Outcome)
	line := e.Destination
	if e.Digest != "" {
		line += " " + e.Digest
	}
	if len(e.Details) > 0 {
		line += " (" + strings.Join(e.Details, "; ") + ")"
	}
	fmt.Fprintf(t.W, "%s %s\n", t.paint(color, word), text.Clean(line))
}

// Summary prints the end of the output: failures and their reasons, outcomes,
// cost.
func (t Text) Summary(r *mirror.Report) {
	for _, n := range r.Notes {
		fmt.Fprintf(t.W, "note: %s\n", text.Clean(n))
	}
	if r.Mode == mirror.ModePlan {
		t.plan(r)
	}
	t.failures(r)
	if r.Mode == mirror.ModePlan {
		t.planned(r)
		return
	}
	moved := ""
	if m := r.Moved; m.Manifests > 0 {
		moved = ", " + movedText(m)
	}
	fmt.Fprintf(t.W, "%s: %s%s, %s%s, %.1f s\n", t.paint(bold, string(r.Mode)), counted(r), moved, text.Plural(int(r.Requests), "request"), listed(r), r.Seconds)
}

// counted counts the outcomes of a run.
func counted(r *mirror.Report) string {
	var parts []string
	for _, o := range mirror.Outcomes() {
		if n := r.Summary[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

func movedText(m mirror.Moved) string {
	return fmt.Sprintf("%s in %d blobs, %d mounted, %d manifests", Size(m.BlobBytes), m.Blobs, m.Mounts, m.Manifests)
}

// listed returns how many destinations and sources were checked by lists of
// repositories.
func listed(r *mirror.Report) string {
	byList := func(look string) bool { return look != "" && look != mirror.LookProtocol }
	destinations, sources := 0, map[string]bool{}
	for _, e := range r.Entries {
		if byList(e.Look) {
			destinations++
		}
		if byList(e.SourceLook) {
			sources[e.Source] = true
		}
	}
	var parts []string
	if destinations > 0 {
		parts = append(parts, text.Plural(destinations, "destination"))
	}
	if len(sources) > 0 {
		parts = append(parts, text.Plural(len(sources), "source"))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s checked by listing)", strings.Join(parts, " and "))
}

// shownOfCause is how many entries of one cause are shown to a person; the
// reports have all.
const shownOfCause = 5

func (t Text) failures(r *mirror.Report) {
	groups := Failures(r)
	if n := leftOut(r); n > 0 {
		fmt.Fprintf(t.W, "\n%s\n", t.paint(bold, text.Plural(n, "mapping file")+" left out"))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(t.W, "%s %s\n", t.paint(red, "error:"), text.Clean(fmt.Sprintf("%s: %s", place(p), p.Message)))
		if p.Hint != "" {
			fmt.Fprintf(t.W, "hint: %s\n", text.Clean(p.Hint))
		}
	}
	for _, g := range groups {
		fmt.Fprintf(t.W, "\n%s\n", t.paint(bold, text.Clean(t.heading(g))))
		shown := g.Indexes[:min(len(g.Indexes), shownOfCause)]
		once := sameError(r, shown)
		if once {
			fmt.Fprintln(t.W, text.Clean(r.Entries[shown[0]].Error))
		}
		for _, i := range shown {
			e := r.Entries[i]
			line := fmt.Sprintf("%s: %s", position(e), e.Destination)
			if !once {
				line += ": " + e.Error
			}
			fmt.Fprintf(t.W, "%s %s\n", t.paint(red, "error:"), text.Clean(line))
		}
		if more := len(g.Indexes) - shownOfCause; more > 0 {
			fmt.Fprintf(t.W, "and %d more: see the report (--report, --artifacts)\n", more)
		}
		fmt.Fprintf(t.W, "hint: %s\n", g.Hint)
	}
	if len(r.Problems)+len(groups) > 0 {
		fmt.Fprintln(t.W)
	}
}

// sameError reports whether several entries have the same error, which is then
// printed once.
func sameError(r *mirror.Report, entries []int) bool {
	return len(entries) > 1 && !slices.ContainsFunc(entries, func(i int) bool { return r.Entries[i].Error != r.Entries[entries[0]].Error })
}

// heading returns the heading of a cause; without a time in a plan, so that
// equal plans have equal texts.
func (t Text) heading(g Failure) string {
	if t.Mode == mirror.ModePlan {
		return g.What()
	}
	return g.String()
}
