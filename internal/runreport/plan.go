package runreport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// plan prints what a run would do, in the order of the mapping files: "+" for a
// new tag, "~" for one that moves to another image. Unchanged destinations are
// counted in the summary.
func (t Text) plan(r *mirror.Report) {
	entries := slices.Clone(r.Entries)
	slices.SortStableFunc(entries, func(a, b mirror.Entry) int {
		return cmp.Or(position(a).Compare(position(b)), cmp.Compare(a.Source, b.Source))
	})
	for _, e := range entries {
		switch {
		case e.Error != "" || t.Quiet:
		case e.Outcome == mirror.Planned:
			sign, color := "+", green
			if e.Previous != "" {
				sign, color = "~", yellow
			}
			fmt.Fprintf(t.W, "%s %s\n", t.paint(color, sign), text.Clean(change(e)))
		case t.Worth(e):
			t.line(e)
		}
	}
}

// change describes what a destination would get.
func change(e mirror.Entry) string {
	digest := short(e.Digest)
	if e.Previous != "" {
		digest = short(e.Previous) + " → " + digest
	}
	var facts []string
	if e.Blobs > 0 {
		facts = append(facts, fmt.Sprintf("%s in %s", Size(e.Size), text.Plural(e.Blobs, "blob")))
	}
	facts = append(facts, e.Platforms...)
	facts = append(facts, e.Details...)
	line := fmt.Sprintf("%s %s from %s", e.Destination, digest, e.Source)
	if len(facts) > 0 {
		line += " (" + strings.Join(facts, ", ") + ")"
	}
	return line
}

// short is a digest as far as a person compares it.
func short(digest string) string { return digest[:min(len(digest), 19)] }

// planned is the summary of a plan.
func (t Text) planned(r *mirror.Report) {
	add, move := Changes(r)
	var parts []string
	tell := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	tell(add, "to add")
	tell(move, "to move")
	for _, o := range mirror.Outcomes() {
		if o != mirror.Planned {
			tell(r.Summary[o], string(o))
		}
	}
	if len(parts) == 0 {
		parts = []string{"nothing to do"}
	}
	if add+move > 0 {
		parts = append(parts, expectedText(r.Moved))
	}
	requests := fmt.Sprintf("about %d requests", about(r))
	if n := r.Moved.Mounts; n > 0 {
		requests += fmt.Sprintf(" (up to %d if mounts are declined)", about(r)+n*requestsPerBlob)
	}
	fmt.Fprintf(t.W, "%s: %s, %s%s\n", t.paint(bold, string(r.Mode)), strings.Join(parts, ", "), requests, listed(r))
}

// expectedText describes what would be transferred. Whether a registry accepts
// a mount shows only in a request for one, which a plan does not send.
func expectedText(m mirror.Moved) string {
	if m.Mounts == 0 {
		return movedText(m)
	}
	return fmt.Sprintf("%s in %s, %s to mount (%s more to send if mounts are declined), %s",
		Size(m.BlobBytes), text.Plural(int(m.Blobs), "blob"), text.Plural(int(m.Mounts), "blob"), Size(m.MountedBytes), text.Plural(int(m.Manifests), "manifest"))
}

// about is about how many requests a run takes. The exact number, which the
// reports have, is another in each plan: it depends on which of several images
// with common parts comes first.
func about(r *mirror.Report) int64 {
	sources := map[string]bool{}
	for _, e := range r.Entries {
		sources[e.Source] = true
	}
	looks := int64(len(sources) + len(r.Entries))
	return looks + 2*r.Moved.Manifests + requestsPerBlob*r.Moved.Blobs + r.Moved.Mounts
}

// Changes counts the destinations that a plan would add and move.
func Changes(r *mirror.Report) (add, move int) {
	for _, e := range r.Entries {
		switch {
		case e.Outcome != mirror.Planned:
		case e.Previous == "":
			add++
		default:
			move++
		}
	}
	return add, move
}
