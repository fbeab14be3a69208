package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/internal/source"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// printer tells a person what happens: a line for each destination that is not
// as it was, the failed ones again at the end, and a summary.
type printer struct {
	w     io.Writer
	quiet bool
	mode  mirror.Mode
}

// verbs are how outcomes are told; those that are not here are not worth a line.
var verbs = map[mirror.Outcome]string{
	mirror.Copied: "copied", mirror.Planned: "would copy", mirror.Repaired: "repaired", mirror.Missing: "missing",
	mirror.Filtered: "filtered", mirror.Differs: "differs", mirror.Absent: "absent", mirror.Failed: "failed",
	mirror.Protected: "protected",
}

func (p *printer) entry(e mirror.Entry) {
	verb, ok := verbs[e.Outcome]
	if !ok || p.quiet && !e.Bad() {
		return
	}
	fmt.Fprintf(p.w, "%s %s", verb, e.Destination)
	switch {
	case e.Error != "":
		fmt.Fprintf(p.w, ": %s", e.Error)
	case e.Digest != "":
		fmt.Fprintf(p.w, " %s", e.Digest)
	}
	if len(e.Details) > 0 {
		fmt.Fprintf(p.w, " (%s)", strings.Join(e.Details, "; "))
	}
	fmt.Fprintln(p.w)
}

// summary is what stands at the end: by outcome, what it cost, what failed.
func (p *printer) summary(r *mirror.Report) {
	for _, n := range r.Notes {
		fmt.Fprintf(p.w, "note: %s\n", n)
	}
	failed := slices.Collect(func(yield func(mirror.Entry) bool) {
		for _, e := range r.Entries {
			if e.Bad() && !yield(e) {
				return
			}
		}
	})
	if len(failed) > 0 && p.mode != mirror.ModeCheck {
		fmt.Fprintf(p.w, "\n%d not done:\n", len(failed))
		for _, e := range failed {
			pos := source.Position{File: e.File, Line: e.Line, Column: e.Column}
			fmt.Fprintf(p.w, "error: %s: %s: %s\n", pos, e.Destination, e.Error)
		}
		fmt.Fprintln(p.w)
		for _, f := range r.Failures() {
			fmt.Fprintf(p.w, "%s\n", f)
		}
	}
	var parts []string
	for _, o := range []mirror.Outcome{
		mirror.Copied, mirror.Planned, mirror.Repaired, mirror.Unchanged, mirror.Differs, mirror.Absent,
		mirror.Missing, mirror.Filtered, mirror.Protected, mirror.Failed, mirror.Interrupted,
	} {
		if n := r.Summary[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing to do"}
	}
	moved := ""
	if m := r.Moved; m.Manifests > 0 {
		moved = fmt.Sprintf(", %s in %d blobs, %d mounted, %d manifests", runreport.Size(m.BlobBytes), m.Blobs, m.Mounts, m.Manifests)
	}
	fmt.Fprintf(p.w, "%s: %s%s, %d requests, %.1f s\n", r.Mode, strings.Join(parts, ", "), moved, r.Requests, r.Seconds)
}
