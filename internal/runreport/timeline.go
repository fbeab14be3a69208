package runreport

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// The limits of the timeline, whatever the size of a run.
const (
	steps       = 120 // of the run's time
	maxSetLanes = 20
	maxSlowest  = 25
	maxWaits    = 12
	laneWidth   = 1000 // of the drawing; it is stretched to the page
	laneHeight  = 24
)

// timeline shows when what was in progress, and what was waited for.
type timeline struct {
	Ticks   []string
	Hosts   []lane // when a registry asked to be left alone
	Sets    []lane // destinations in progress
	Slowest []lane // destinations
	Waits   []waited
	Left    int // sets that are in no lane of their own
}

// lane is one line of the timeline: a name, a drawing, a remark.
type lane struct {
	Name, Note string
	Bad        bool
	Shapes     template.HTML // SVG, made of numbers and of classes that stand here
}

// waited is what some destinations waited for.
type waited struct {
	For, On string
	Entries int
	Seconds float64
}

// What names what was waited for.
func (w waited) What() string { return waitNames[w.For] }

var waitNames = map[string]string{
	throttle.WaitAsked: "a rate limit or Retry-After of the registry",
	throttle.WaitRetry: "the delay before a retry",
	throttle.WaitPace:  "the request rate that the registry accepts",
	throttle.WaitSlot:  "a free slot among the registry's parallel requests",
	throttle.WaitImage: "another image with the same layers",
}

func newTimeline(r *mirror.Report) timeline {
	total := r.Seconds
	for _, e := range r.Entries {
		total = max(total, e.Started+e.Seconds)
	}
	if total <= 0 {
		return timeline{}
	}
	t := timeline{Waits: waits(r)}
	for i := range 5 {
		t.Ticks = append(t.Ticks, clock(total*float64(i)/4))
	}
	for _, h := range r.Hosts {
		if h.Paused > 0 {
			t.Hosts = append(t.Hosts, lane{Name: h.Host, Note: "asked for " + clock(h.Paused), Shapes: pauses(r, h, total)})
		}
	}
	t.sets(r, total)
	t.slowest(r, total)
	return t
}

func x(seconds, total float64) float64 { return math.Round(seconds/total*laneWidth*10) / 10 }

// bar is one rectangle; it is at least a hair wide, so that it can be seen.
func bar(class string, from, to float64) string {
	return fmt.Sprintf(`<rect class=%q x="%g" y="3" width="%g" height="%d"/>`, class, from, max(to-from, 1.5), laneHeight-6)
}

func pauses(r *mirror.Report, h throttle.HostStats, total float64) template.HTML {
	var b strings.Builder
	for _, p := range h.Pauses {
		from := min(max(p.At.Sub(r.Started).Seconds(), 0), total)
		b.WriteString(bar("warn", x(from, total), x(min(from+p.Seconds, total), total)))
	}
	return template.HTML(b.String()) // #nosec G203 -- shapes made of numbers
}

// sets draws how many destinations of each set were in progress at a time.
func (t *timeline) sets(r *mirror.Report, total float64) {
	type load struct {
		name string
		all  int
		busy [steps]float64
	}
	bySet := map[string]*load{}
	var sets []*load
	most := 0.0
	for _, e := range r.Entries {
		name := Set(e)
		l, ok := bySet[name]
		if !ok {
			l = &load{name: name}
			bySet[name] = l
			sets = append(sets, l)
		}
		l.all++
		width := total / steps
		first := min(int(e.Started/width), steps-1)
		last := min(int((e.Started+e.Seconds)/width), steps-1)
		for i := first; i <= last && e.Seconds > 0; i++ {
			share := min(e.Started+e.Seconds, float64(i+1)*width) - max(e.Started, float64(i)*width)
			l.busy[i] += max(share, 0) / width
			most = max(most, l.busy[i])
		}
	}
	slices.SortStableFunc(sets, func(a, b *load) int { return cmp.Compare(b.all, a.all) })
	for i, l := range sets {
		if i == maxSetLanes {
			t.Left = len(sets) - i
			break
		}
		var b strings.Builder
		fmt.Fprintf(&b, `<path class="busy" d="M0 %d`, laneHeight)
		for i, busy := range l.busy {
			from, to := float64(i)*laneWidth/steps, float64(i+1)*laneWidth/steps
			height := math.Round((laneHeight-busy/max(most, 1)*(laneHeight-2))*10) / 10
			fmt.Fprintf(&b, `L%.1f %gL%.1f %g`, from, height, to, height)
		}
		fmt.Fprintf(&b, `L%d %dZ"/>`, laneWidth, laneHeight)
		t.Sets = append(t.Sets, lane{Name: l.name, Note: text.Plural(l.all, "destination"), Shapes: template.HTML(b.String())}) // #nosec G203 -- shapes made of numbers
	}
}

// slowest draws the destinations that took longest, the slowest first: from when
// to when, and how much of that they waited. Waits go side by side and their places are not
// known: the bar shows shares.
func (t *timeline) slowest(r *mirror.Report, total float64) {
	var all []mirror.Entry
	for _, e := range r.Entries {
		if e.Seconds > 0 && e.Outcome != mirror.Unchanged {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b mirror.Entry) int { return cmp.Compare(b.Seconds, a.Seconds) })
	for _, e := range all[:min(len(all), maxSlowest)] {
		sum := 0.0
		for _, w := range e.Waits {
			sum += w.Seconds
		}
		scale := 1.0
		if sum > e.Seconds {
			scale = e.Seconds / sum
		}
		var b strings.Builder
		at := e.Started
		note := clock(e.Seconds)
		for i, w := range e.Waits {
			b.WriteString(bar(waitClass(w.For), x(at, total), x(at+w.Seconds*scale, total)))
			at += w.Seconds * scale
			if i == 0 {
				note += fmt.Sprintf(", %s of it waiting for %s", clock(w.Seconds*scale), waitedFor(e, w))
			}
		}
		class := "work"
		bad := e.Bad() && e.Cause != mirror.CauseSourceMissing // the destination did nothing wrong
		if bad {
			class = "bad"
		}
		b.WriteString(bar(class, x(at, total), x(e.Started+e.Seconds, total)))
		t.Slowest = append(t.Slowest, lane{e.Destination, note, bad, template.HTML(b.String())}) // #nosec G203 -- shapes made of numbers
	}
}

// waitClass is the colour of a wait: amber where a registry is the reason.
func waitClass(reason string) string {
	switch reason {
	case throttle.WaitSlot:
		return "slot"
	case throttle.WaitImage:
		return "image"
	}
	return "warn"
}

// waitedFor describes what was waited for.
func waitedFor(e mirror.Entry, w throttle.Wait) string {
	switch w.For {
	case throttle.WaitAsked:
		return w.On + " (rate limit or Retry-After)"
	case throttle.WaitPace:
		return "the request rate of " + w.On
	case throttle.WaitRetry:
		return "a retry at " + w.On
	case throttle.WaitImage:
		if strings.HasPrefix(e.Destination, w.On+":") {
			return "another tag of the repository"
		}
		return "the same layers being pushed to " + w.On
	}
	return "a free slot at " + w.On
}

// waits sums up the waits, the longest first.
func waits(r *mirror.Report) []waited {
	type key struct{ reason, on string }
	at := map[key]int{}
	var out []waited
	for _, e := range r.Entries {
		for _, w := range e.Waits {
			k := key{w.For, w.On}
			i, ok := at[k]
			if !ok {
				i = len(out)
				at[k] = i
				out = append(out, waited{For: w.For, On: w.On})
			}
			out[i].Entries++
			out[i].Seconds += w.Seconds
		}
	}
	slices.SortStableFunc(out, func(a, b waited) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return out[:min(len(out), maxWaits)]
}

// clock returns seconds as a person reads them.
func clock(s float64) string {
	switch {
	case 0 < s && s < 0.0995:
		return fmt.Sprintf("%.0f ms", max(1, 1000*s))
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	case s < 120:
		return fmt.Sprintf("%.0f s", s)
	case s < 7200:
		return fmt.Sprintf("%d min %02d s", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%d h %02d min", int(s)/3600, int(s)/60%60)
}
