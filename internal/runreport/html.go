package runreport

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

//go:embed html.tmpl
var htmlContent string

// HTML writes the report as a page: what failed and what to do about it, what
// became of the sets and registries, when what was worked on, what it cost, and
// every destination.
func HTML(w io.Writer, r *mirror.Report, version string) error {
	h := newHTML(r)
	what := outcomes(r.Summary)
	if n := leftOut(r); n > 0 {
		what = text.Plural(n, "mapping file") + " left out, " + what
	}
	return page.Write(w, page.Page{
		Title:       "mirror " + string(r.Mode) + ": " + what,
		Description: "What was mirrored, what failed and why, by set and registry, with times and requests.",
		Heading:     "Mirror " + string(r.Mode) + ": " + what,
		Lead:        h.lead(),
		Figures:     h.figures(),
		Footer:      strings.TrimSpace(fmt.Sprintf("mirror %s · started %s", version, r.Started.UTC().Format("2006-01-02 15:04:05 MST"))),
		Data:        h,
	}, htmlContent, template.FuncMap{"place": place, "text": text.Clean, "clock": clock, "size": Size})
}

// outcomes returns how many destinations have which outcome, the bad ones
// first.
func outcomes(summary map[mirror.Outcome]int) string {
	all := mirror.Outcomes()
	slices.SortStableFunc(all, func(a, b mirror.Outcome) int { return cmp.Compare(rank(tone(a)), rank(tone(b))) })
	var parts []string
	for _, o := range all {
		if n := summary[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing to do")
}

// rank orders the tones of outcomes by how much a person wants to see them.
func rank(t page.Tone) int {
	switch t {
	case page.Bad:
		return 0
	case page.Warn:
		return 1
	case page.Good, page.Info:
		return 2
	}
	return 3
}

// tone is the colour of an outcome.
func tone(o mirror.Outcome) page.Tone {
	switch o {
	case mirror.Failed, mirror.Unknown, mirror.Interrupted, mirror.Differs, mirror.Absent:
		return page.Bad
	case mirror.Protected, mirror.Missing, mirror.Filtered:
		return page.Warn
	case mirror.Copied, mirror.Repaired:
		return page.Good
	case mirror.Planned:
		return page.Info
	}
	return page.Plain
}

type htmlReport struct {
	*mirror.Report
	Groups    []problem
	Sets      []setRow
	Hosts     []hostRow
	Timeline  timeline
	Full      FullCopy
	Entries   []htmlEntry // all but the unchanged, the bad ones first
	Unchanged []unchanged
	Few       bool // unchanged destinations: they are shown from the start
}

// few is how many unchanged destinations are shown from the start.
const few = 300

// problem is what failed for one reason, or what a check found.
type problem struct {
	Heading, Hint string
	First, More   []htmlEntry
	Files         []mirror.Problem // for mapping files that were left out
}

// shown is how many entries of a problem are open.
const shown = 5

type htmlEntry struct{ mirror.Entry }

// Tone is the colour of the outcome.
func (e htmlEntry) Tone() page.Tone { return tone(e.Outcome) }

// Set is the entry's mapping file.
func (e htmlEntry) Set() string { return Set(e.Entry) }

// Where is the entry's place in its mapping file.
func (e htmlEntry) Where() string { return position(e.Entry).String() }

// Say is what there is to say beside the outcome.
func (e htmlEntry) Say() string {
	text := cmp.Or(e.Error, strings.Join(e.Details, "; "))
	if text == "" && e.Retried != "" {
		text = fmt.Sprintf("retried %s, first after: %s", times(e.Retries), e.Retried)
	}
	return text
}

// Short is the digest as far as a person compares it.
func (e htmlEntry) Short() string { return short(e.Digest) }

// unchanged are the destinations of a set that were as they should be.
type unchanged struct {
	Set          string
	Destinations []string
}

type setRow struct {
	Name                               string
	All, Copied, Same, Protected, Left int // Left: missing or filtered
	Failed                             int
	Bytes                              int64
	Seconds                            float64 // from its first destination's start to its last one's end
	first, last                        float64
}

type hostRow struct {
	Host              string
	Requests, Retries int64
	Read, Written     int64
	Paused            float64
	Copied, Targets   int // of the destinations at it
	Failed            int // entries that failed because of it
	Refusals          string
}

func newHTML(r *mirror.Report) *htmlReport {
	h := &htmlReport{Report: r, Timeline: newTimeline(r), Full: Full(r)}
	h.problems()
	h.rows()
	same := map[string]int{}
	for _, e := range r.Entries {
		if e.Outcome != mirror.Unchanged || e.Retried != "" {
			h.Entries = append(h.Entries, htmlEntry{e})
			continue
		}
		set := Set(e)
		i, ok := same[set]
		if !ok {
			i = len(h.Unchanged)
			same[set] = i
			h.Unchanged = append(h.Unchanged, unchanged{Set: set})
		}
		h.Unchanged[i].Destinations = append(h.Unchanged[i].Destinations, e.Destination)
	}
	h.Few = len(r.Entries)-len(h.Entries) <= few
	slices.SortStableFunc(h.Entries, func(a, b htmlEntry) int { return cmp.Compare(rank(a.Tone()), rank(b.Tone())) })
	return h
}

func (h *htmlReport) problems() {
	add := func(heading, hint string, entries []htmlEntry) {
		n := min(len(entries), shown)
		h.Groups = append(h.Groups, problem{Heading: heading, Hint: hint, First: entries[:n], More: entries[n:]})
	}
	if n := leftOut(h.Report); n > 0 {
		h.Groups = append(h.Groups, problem{Heading: text.Plural(n, "mapping file") + " left out", Hint: "fix the lines; nothing in such a file is mirrored until then", Files: h.Problems})
	}
	for _, f := range Failures(h.Report) {
		var entries []htmlEntry
		for _, i := range f.Indexes {
			entries = append(entries, htmlEntry{h.Report.Entries[i]})
		}
		add(f.String(), f.Hint, entries)
	}
	for _, o := range []mirror.Outcome{mirror.Differs, mirror.Absent} {
		var entries []htmlEntry
		for _, e := range h.Report.Entries {
			if e.Outcome == o && e.Error == "" {
				entries = append(entries, htmlEntry{e})
			}
		}
		if len(entries) > 0 {
			add(fmt.Sprintf("%s %s", text.Plural(len(entries), "destination"), map[mirror.Outcome]string{
				mirror.Differs: "with another image than the source", mirror.Absent: "that do not exist"}[o]), "mirror run updates them", entries)
		}
	}
}

// probes counts the pings by https without a response from a registry that
// speaks plain http.
func probes(s throttle.HostStats) (n int64) {
	answered := false
	for _, c := range s.By {
		if c.Request == "GET ping" {
			answered = answered || c.Status != 0
			if c.Status == 0 {
				n += c.Count
			}
		}
	}
	if !answered {
		return 0
	}
	return n
}

func (h *htmlReport) rows() {
	sets, hosts := map[string]*setRow{}, map[string]*hostRow{}
	var order []*setRow
	for _, s := range h.Report.Hosts {
		var refusals []string
		for _, c := range byStatus(s) {
			if c.Status == 0 {
				c.Count -= probes(s)
			}
			if c.Count == 0 {
				continue
			}
			if c.Status == 0 || c.Status >= 400 && c.Status != 404 && c.Status != 401 {
				refusals = append(refusals, fmt.Sprintf("%s × %d", cmp.Or(map[int]string{0: "no answer"}[c.Status], fmt.Sprint(c.Status)), c.Count))
			}
		}
		hosts[s.Host] = &hostRow{Host: s.Host, Requests: s.Requests, Retries: s.Retries, Read: s.Read, Written: s.Written, Paused: s.Paused, Refusals: strings.Join(refusals, ", ")}
	}
	for _, e := range h.Report.Entries {
		s, ok := sets[Set(e)]
		if !ok {
			s = &setRow{Name: Set(e), first: e.Started}
			sets[s.Name] = s
			order = append(order, s)
		}
		s.add(e)
		if host := hosts[Host(e.Destination)]; host != nil {
			host.Targets++
			switch {
			case e.Bad():
			case tone(e.Outcome) == page.Good || e.Outcome == mirror.Planned:
				host.Copied++
			}
		}
		if host := hosts[atFault(e)]; host != nil {
			host.Failed++
		}
	}
	slices.SortStableFunc(order, func(a, b *setRow) int {
		return cmp.Or(cmp.Compare(b.Failed, a.Failed), strings.Compare(a.Name, b.Name))
	})
	for _, s := range order {
		h.Sets = append(h.Sets, *s)
	}
	for _, s := range h.Report.Hosts {
		h.Hosts = append(h.Hosts, *hosts[s.Host])
	}
}

// atFault returns the registry that a failure is counted for: the one that the
// error is about, or that of the destination where the destination itself is not
// in line. It is "" where no registry is to blame.
func atFault(e mirror.Entry) string {
	switch {
	case !e.Bad() || e.Outcome == mirror.Interrupted:
		return ""
	case e.Host != "":
		return e.Host
	case e.Cause == "" || e.Cause == mirror.CauseProtected:
		return Host(e.Destination)
	}
	return ""
}

func (s *setRow) add(e mirror.Entry) {
	s.All++
	switch {
	case e.Bad():
		s.Failed++
	case e.Outcome == mirror.Unchanged:
		s.Same++
	case e.Outcome == mirror.Protected:
		s.Protected++
	case e.Outcome == mirror.Missing || e.Outcome == mirror.Filtered:
		s.Left++
	default:
		s.Copied++
	}
	s.Bytes += e.Bytes
	if e.Seconds > 0 {
		s.first, s.last = min(s.first, e.Started), max(s.last, e.Started+e.Seconds)
		s.Seconds = s.last - s.first
	}
}

// lead returns a sentence about where to begin.
func (h *htmlReport) lead() string {
	bad := 0
	for _, e := range h.Report.Entries {
		if e.Bad() {
			bad++
		}
	}
	reasons := len(h.Groups) // of which one may be for the files that were left out
	if len(h.Problems) > 0 {
		reasons--
	}
	switch {
	case bad == 0 && len(h.Problems) > 0:
		return "Nothing failed, but a mapping file has errors and was skipped: see below."
	case bad == 0 && h.Mode == mirror.ModePlan:
		return "Nothing was written. This is what a run would do."
	case bad == 0:
		return "Every destination matches its source."
	}
	verb := "failed"
	if h.Mode == mirror.ModeCheck {
		verb = "failed or differ"
	}
	return fmt.Sprintf("%d of %s %s, for %s: see below what to do.", bad, text.Plural(len(h.Report.Entries), "destination"), verb, text.Plural(reasons, "reason"))
}

func (h *htmlReport) figures() []page.Figure {
	var out []page.Figure
	for _, o := range mirror.Outcomes() {
		if n := h.Summary[o]; n > 0 || o == mirror.Failed && h.Mode == mirror.ModeRun {
			t := tone(o)
			if n == 0 {
				t = page.Plain
			}
			label := string(o)
			out = append(out, page.Figure{Label: strings.ToUpper(label[:1]) + label[1:], Value: fmt.Sprint(n), Tone: t})
		}
	}
	slices.SortStableFunc(out, func(a, b page.Figure) int { return cmp.Compare(rank(a.Tone), rank(b.Tone)) })
	sent := page.Figure{Label: "Sent", Value: Size(h.Moved.BlobBytes)}
	requests := page.Figure{Label: "Requests", Value: fmt.Sprint(h.Requests)}
	if h.Full.Bytes > h.Moved.BlobBytes {
		sent.Note = "a full copy: " + Size(h.Full.Bytes)
	}
	if h.Full.Requests > h.Requests {
		requests.Note = fmt.Sprintf("a full copy: %d", h.Full.Requests)
	}
	took := page.Figure{Label: "Took", Value: clock(h.Seconds)}
	paused := 0.0
	for _, host := range h.Report.Hosts {
		paused = max(paused, host.Paused)
	}
	if paused > 0 {
		took.Note = clock(paused) + " throttled"
	}
	return append(out, sent, requests, took)
}
