package effectreport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// online returns sections about the images that a change copies, as found in the
// registries: errors first, then tags that move, new copies, and up-to-date tags.
func online(plan *mirror.Report) []section {
	if plan == nil {
		return nil
	}
	missing := section{title: "Sources that do not exist", note: "according to the registries", sign: "!", tone: page.Bad, open: true}
	unsure := section{title: "Not known from the registries", note: "could not be read", sign: "?", tone: page.Warn, open: true}
	moves := section{title: "Tags that move", note: "the current and the new digest", sign: "~", tone: page.Warn, open: true}
	comes := section{title: "To copy", sign: "+"}
	there := section{title: "Up to date", note: "the destinations already have these images", sign: "="}
	for _, e := range plan.Entries {
		to, at := effects.Code(e.Destination), effects.Place{File: e.File, Line: e.Line}
		switch {
		case e.Outcome == mirror.Missing || e.Cause == mirror.CauseSourceMissing:
			missing.add(nil, item{text: effects.Words{effects.Code(e.Source), effects.Say(", for "), to}, at: at})
		case e.Outcome == mirror.Unchanged:
			there.add(nil, item{text: effects.Words{to, effects.Say(" has "), digest(e.Digest)}, at: at})
		case e.Outcome != mirror.Planned:
			why := e.Error
			if why == "" {
				why = strings.Join(append([]string{string(e.Outcome)}, e.Details...), ": ")
			}
			unsure.add(nil, item{text: effects.Words{to, effects.Say(": "), effects.Code(why)}, at: at})
		case e.Previous != "":
			moves.add(nil, item{text: effects.Words{to, effects.Say(" has "), digest(e.Previous), effects.Say(" and gets "), digest(e.Digest), size(e)}, at: at})
		default:
			comes.add(nil, item{text: effects.Words{to, effects.Say(" gets "), digest(e.Digest), size(e)}, at: at})
		}
	}
	comes.note = fmt.Sprintf("including tags that move: %s in %s", amount(plan.Moved.BlobBytes), text.Plural(int(plan.Expected), "request"))
	return slices.DeleteFunc([]section{missing, unsure, moves, comes, there}, func(s section) bool { return len(s.groups) == 0 })
}

// digest shortens a digest to what identifies an image.
func digest(s string) effects.Part {
	const enough = len("sha256:") + 12
	return effects.Code(s[:min(len(s), enough)])
}

func size(e mirror.Entry) effects.Part {
	if e.Size == 0 {
		return effects.Say("")
	}
	return say(", %s, of which %s to copy", amount(e.Size), amount(e.Bytes))
}

// amount formats a number of bytes: 1.5 MB.
func amount(n int64) string {
	const unit = 1000
	if n < unit {
		return text.Plural(int(n), "byte")
	}
	value, i := float64(n)/unit, 0
	for ; value >= unit && i < 3; i++ {
		value /= unit
	}
	return fmt.Sprintf("%.1f %s", value, [...]string{"kB", "MB", "GB", "TB"}[i])
}

// registries summarises a plan in a few words; "" without a plan.
func registries(plan *mirror.Report) string {
	if plan == nil {
		return ""
	}
	missing, unsure := 0, 0
	for _, e := range plan.Entries {
		switch {
		case e.Outcome == mirror.Missing || e.Cause == mirror.CauseSourceMissing:
			missing++
		case e.Outcome != mirror.Planned && e.Outcome != mirror.Unchanged:
			unsure++
		}
	}
	n := plan.Summary[mirror.Planned]
	parts := []string{text.Thousands(n) + verb(n, " copy of ", " copies of ") + amount(plan.Moved.BlobBytes)}
	if missing > 0 {
		parts = append(parts, text.Plural(missing, "source")+verb(missing, " does not exist", " do not exist"))
	}
	if unsure > 0 {
		parts = append(parts, text.Plural(unsure, "destination")+verb(unsure, " is", " are")+" unknown")
	}
	return strings.Join(parts, ", ")
}
