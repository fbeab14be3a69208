package mirror

import (
	"cmp"
	"slices"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Failure is a group of failed entries: their registry, their common reason,
// and when the first of them failed.
type Failure struct {
	Host    string    `json:"host,omitempty"` // "" where no registry is to blame
	Cause   Cause     `json:"cause"`
	Reason  string    `json:"reason"` // such as "503 Service Unavailable", "connection refused"
	Entries int       `json:"entries"`
	Since   time.Time `json:"since"` // when the first of them failed
	Indexes []int     `json:"-"`     // of the entries in the report
}

// String returns "quay.io: 503 Service Unavailable for 41 entries since 12:03:07".
func (f Failure) String() string { return f.What() + " since " + f.Since.Format(time.TimeOnly) }

// What returns "quay.io: 503 Service Unavailable for 41 entries".
func (f Failure) What() string {
	what := f.Reason + " for " + text.Plural(f.Entries, "entry")
	if f.Host != "" {
		what = f.Host + ": " + what
	}
	return what
}

// Failures groups the entries that failed or were interrupted by registry and
// reason, the largest group first. Groups of interrupted entries come after all
// others. A difference found by a check is not a failure.
func (r *Report) Failures() []Failure {
	type key struct {
		host   string
		cause  Cause
		reason string
	}
	at := map[key]int{}
	out := []Failure{}
	for n, e := range r.Entries {
		if !e.Bad() || e.Error == "" {
			continue
		}
		k := key{e.Host, e.Cause, e.Reason}
		when := r.Started.Add(time.Duration((e.Started + e.Seconds) * float64(time.Second)))
		if e.Cause == CauseInterrupted && e.Started == 0 && e.Seconds == 0 {
			when = r.Started.Add(time.Duration(r.Seconds * float64(time.Second))) // never started
		}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Failure{Host: e.Host, Cause: e.Cause, Reason: e.Reason, Since: when})
		}
		out[i].Entries++
		out[i].Indexes = append(out[i].Indexes, n)
		if when.Before(out[i].Since) {
			out[i].Since = when
		}
	}
	slices.SortFunc(out, func(a, b Failure) int {
		return cmp.Or(last(a)-last(b), cmp.Compare(b.Entries, a.Entries), a.Since.Compare(b.Since), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// last returns 1 for a group that goes after those that may have caused it.
func last(f Failure) int {
	if f.Cause == CauseInterrupted {
		return 1
	}
	return 0
}
