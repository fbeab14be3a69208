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

// online shows what the registries say of the images that a change copies: what
// is wrong first, then what moves, what comes, and what is there already.
func online(plan *mirror.Report) []section {
	if plan == nil {
		return nil
	}
	missing := section{title: "Sources that do not exist", note: "the registries say so", sign: "!", tone: page.Bad, open: true}
	unsure := section{title: "Not known from the registries", note: "these could not be asked about", sign: "?", tone: page.Warn, open: true}
	moves := section{title: "Tags that move", note: "what they hold now, and what they get", sign: "~", tone: page.Warn, open: true}
	comes := section{title: "To copy", sign: "+"}
	there := section{title: "There already", note: "the destinations hold these images", sign: "="}
	for _, e := range plan.Entries {
		to, at := effects.Code(e.Destination), effects.Place{File: e.File, Line: e.Line}
		switch {
		case e.Outcome == mirror.Missing || e.Cause == mirror.CauseSourceMissing:
			missing.add(nil, item{effects.Words{effects.Code(e.Source), effects.Say(", for "), to}, at})
		case e.Outcome == mirror.Unchanged:
			there.add(nil, item{effects.Words{to, effects.Say(" holds "), digest(e.Digest)}, at})
		case e.Outcome != mirror.Planned:
			why := e.Error
			if why == "" {
				why = strings.Join(append([]string{string(e.Outcome)}, e.Details...), ": ")
			}
			unsure.add(nil, item{effects.Words{to, effects.Say(": "), effects.Code(why)}, at})
		case e.Previous != "":
			moves.add(nil, item{effects.Words{to, effects.Say(" holds "), digest(e.Previous), effects.Say(" and gets "), digest(e.Digest), size(e)}, at})
		default:
			comes.add(nil, item{effects.Words{to, effects.Say(" gets "), digest(e.Digest), size(e)}, at})
		}
	}
	comes.note = fmt.Sprintf("with the tags that move: %s in %s", amount(plan.Moved.BlobBytes), text.Plural(int(plan.Expected), "request"))
	return slices.DeleteFunc([]section{missing, unsure, moves, comes, there}, func(s section) bool { return len(s.groups) == 0 })
}

// digest is the beginning of a digest, which is enough to tell images apart.
func digest(s string) effects.Part {
	const enough = len("sha256:") + 12
	return effects.Code(s[:min(len(s), enough)])
}

func size(e mirror.Entry) effects.Part {
	if e.Size == 0 {
		return effects.Say("")
	}
	return say(", %s of which %s are to be copied", amount(e.Size), amount(e.Bytes))
}

// amount gives a number of bytes with its unit: 1.5 MB.
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

// registries says in a few words what they say; "" when they were not asked.
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
	parts := []string{thousands(n) + verb(n, " copy of ", " copies of ") + amount(plan.Moved.BlobBytes)}
	if missing > 0 {
		parts = append(parts, text.Plural(missing, "source")+verb(missing, " does not exist", " do not exist"))
	}
	if unsure > 0 {
		parts = append(parts, text.Plural(unsure, "destination")+verb(unsure, " is", " are")+" not known")
	}
	return strings.Join(parts, ", ")
}
