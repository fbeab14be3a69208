package runreport

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// failingSince is the metric that remembers from run to run since when a
// destination fails.
const failingSince = "mirror_failing_since_timestamp_seconds"

// maxFailing bounds the destinations that are remembered; the oldest stay.
const maxFailing = 1000

// Since has the time from which on each failing destination fails.
type Since map[string]time.Time

// Failing returns the destinations that fail in a run, and since when: the
// earlier time, if there is one, or the end of the run. Those that work again
// are forgotten.
func Failing(r *mirror.Report, before Since) Since {
	now := end(r)
	out := Since{}
	for _, e := range r.Entries {
		if e.Bad() {
			since, ok := before[e.Destination]
			if !ok || since.After(now) {
				since = now
			}
			out[e.Destination] = since
		}
	}
	return out
}

func end(r *mirror.Report) time.Time {
	return r.Started.Add(time.Duration(r.Seconds * float64(time.Second)))
}

// metrics writes the text format of Prometheus. It is so small that the client
// library, which is half as large as the whole command, is used in tests only.
type metrics struct {
	*bufio.Writer
	job string // label of every value; "" for none
}

// family starts a metric; all are gauges, because they are values of one run.
func (m metrics) family(name, help string) {
	fmt.Fprintf(m, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
}

// value writes one value; labels are names and values in turn.
func (m metrics) value(name string, v float64, labels ...string) {
	var pairs []string
	if m.job != "" {
		labels = append(labels[:len(labels):len(labels)], "job_name", m.job)
	}
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, labels[i]+`="`+labelEscape.Replace(text.Clean(labels[i+1]))+`"`)
	}
	if len(pairs) > 0 {
		name += "{" + strings.Join(pairs, ",") + "}"
	}
	m.WriteString(name + " " + strconv.FormatFloat(v, 'f', -1, 64) + "\n")
}

var labelEscape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// Metrics writes the metrics of a run for Prometheus' textfile collector or its
// Pushgateway. docs/metrics.md lists them. job, if it is not "", becomes the
// label job_name of every value, so that the files of several jobs in one
// folder of the collector do not collide.
func Metrics(w io.Writer, r *mirror.Report, version, job string, failing Since) error {
	m := metrics{bufio.NewWriter(w), job}
	m.run(r, version)
	m.images(r)
	m.hosts(r)
	m.failing(r, failing)
	return m.Flush()
}

func (m metrics) run(r *mirror.Report, version string) {
	ok := 0.0
	if r.OK() {
		ok = 1
	}
	for _, g := range []struct {
		name, help string
		v          float64
		labels     []string
	}{
		{"mirror_run_info", "Always 1; the labels describe the last run.", 1, []string{"mode", string(r.Mode), "version", version}},
		{"mirror_run_timestamp_seconds", "When the last run ended.", seconds(end(r)), nil},
		{"mirror_run_duration_seconds", "How long the last run took.", r.Seconds, nil},
		{"mirror_run_success", "1 if the last run succeeded, else 0.", ok, nil},
		{"mirror_sent_bytes", "Bytes of the pushed blobs.", float64(r.Moved.BlobBytes), nil},
		{"mirror_sent_blobs", "Blobs that were pushed.", float64(r.Moved.Blobs), nil},
		{"mirror_mounted_blobs", "Blobs that were mounted from another repository.", float64(r.Moved.Mounts), nil},
		{"mirror_written_manifests", "Manifests that were pushed.", float64(r.Moved.Manifests), nil},
	} {
		m.family(g.name, g.help)
		m.value(g.name, g.v, g.labels...)
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (m metrics) images(r *mirror.Report) {
	m.family("mirror_images", "Destinations of the last run.")
	for _, o := range mirror.Outcomes() {
		m.value("mirror_images", float64(r.Summary[o]), "outcome", string(o))
	}
	failed := map[string]int{}
	for _, e := range r.Entries {
		n := 0
		if e.Bad() {
			n = 1
		}
		failed[Set(e)] += n
	}
	m.family("mirror_left_out_files", "Mapping files that were skipped because of errors.")
	m.value("mirror_left_out_files", float64(leftOut(r)))
	m.family("mirror_failed_images", "Destinations that failed or differ.")
	for _, set := range slices.Sorted(maps.Keys(failed)) {
		m.value("mirror_failed_images", float64(failed[set]), "set", set)
	}
}

func (m metrics) hosts(r *mirror.Report) {
	m.family("mirror_requests", "Requests to a registry; without a response, the status is \"none\".")
	for _, h := range r.Hosts {
		for _, c := range byStatus(h) {
			name := "none"
			if c.Status > 0 {
				name = strconv.Itoa(c.Status)
			}
			m.value("mirror_requests", float64(c.Count), "host", h.Host, "status", name)
		}
	}
	for _, g := range []struct {
		name, help string
		of         func(i int) float64
	}{
		{"mirror_read_bytes", "Bytes read from a registry.", func(i int) float64 { return float64(r.Hosts[i].Read) }},
		{"mirror_written_bytes", "Bytes written to a registry.", func(i int) float64 { return float64(r.Hosts[i].Written) }},
		{"mirror_retries", "Retries of requests to a registry.", func(i int) float64 { return float64(r.Hosts[i].Retries) }},
		{"mirror_throttled_seconds", "Time that a registry asked to wait (rate limit, Retry-After).", func(i int) float64 { return r.Hosts[i].Paused }},
	} {
		m.family(g.name, g.help)
		for i, h := range r.Hosts {
			m.value(g.name, g.of(i), "host", h.Host)
		}
	}
}

// byStatus counts a registry's answers by status.
func byStatus(h throttle.HostStats) []throttle.Count {
	by := map[int]int64{}
	for _, c := range h.By {
		by[c.Status] += c.Count
	}
	var out []throttle.Count
	for _, status := range slices.Sorted(maps.Keys(by)) {
		out = append(out, throttle.Count{Status: status, Count: by[status]})
	}
	return out
}

func (m metrics) failing(r *mirror.Report, failing Since) {
	set := map[string]string{}
	for _, e := range r.Entries {
		set[e.Destination] = Set(e)
	}
	names := slices.SortedFunc(maps.Keys(failing), func(a, b string) int {
		return cmp.Or(failing[a].Compare(failing[b]), strings.Compare(a, b))
	})
	oldest, age := 0.0, 0.0
	if len(names) > 0 {
		oldest = seconds(failing[names[0]])
		age = max(0, end(r).Sub(failing[names[0]]).Seconds())
	}
	m.family("mirror_oldest_failure_timestamp_seconds", "Since when the longest failing destination fails; 0 without failures.")
	m.value("mirror_oldest_failure_timestamp_seconds", oldest)
	m.family("mirror_oldest_failure_age_seconds", "How long the longest failing destination has failed, at the end of the run.")
	m.value("mirror_oldest_failure_age_seconds", age)
	m.family(failingSince, fmt.Sprintf("Since when a destination fails, for the %d that fail the longest.", maxFailing))
	for _, d := range names[:min(len(names), maxFailing)] {
		m.value(failingSince, seconds(failing[d]), "set", set[d], "destination", d)
	}
}
