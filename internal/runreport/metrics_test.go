package runreport

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// families reads metrics as Prometheus does.
func families(t *testing.T, text []byte) map[string]*dto.MetricFamily {
	t.Helper()
	var p expfmt.TextParser
	out, err := p.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// sample returns the value of the metric that has the given labels.
func sample(t *testing.T, all map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	for _, m := range all[name].GetMetric() {
		var have []string
		for _, l := range m.GetLabel() {
			have = append(have, l.GetName(), l.GetValue())
		}
		if slices.Equal(have, labels) {
			return m.GetGauge().GetValue()
		}
	}
	t.Errorf("there is no %s with %q", name, labels)
	return 0
}

func TestMetrics(t *testing.T) {
	r := realReport(t, mirror.ModeRun)
	src := Host(r.Entries[0].Source)
	var b bytes.Buffer
	if err := Metrics(&b, r, "v1", "", Failing(r, nil)); err != nil {
		t.Fatal(err)
	}
	all := families(t, b.Bytes())
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"mirror_run_info", []string{"mode", "run", "version", "v1"}, 1},
		{"mirror_run_success", nil, 0},
		{"mirror_images", []string{"outcome", "copied"}, float64(r.Summary[mirror.Copied])},
		{"mirror_images", []string{"outcome", "protected"}, 0},
		{"mirror_failed_images", []string{"set", "mapping_team_latest"}, 1},
		{"mirror_failed_images", []string{"set", "mapping_web"}, 0},
		{"mirror_sent_bytes", nil, float64(r.Moved.BlobBytes)},
		{"mirror_requests", []string{"host", src, "status", "503"}, 1},
		{"mirror_retries", []string{"host", src}, 1},
		{"mirror_throttled_seconds", []string{"host", src}, 1},
		{"mirror_oldest_failure_age_seconds", nil, 0},
		{"mirror_oldest_failure_timestamp_seconds", nil, seconds(end(r))},
	} {
		if got := sample(t, all, tt.name, tt.labels...); got != tt.want {
			t.Errorf("%s%v is %v, want %v", tt.name, tt.labels, got, tt.want)
		}
	}
	for name, f := range all {
		if f.GetHelp() == "" || f.GetType() != dto.MetricType_GAUGE {
			t.Errorf("%s has the help %q and the type %v", name, f.GetHelp(), f.GetType())
		}
	}
}

// Since when a destination fails goes from run to run through the metrics; it
// is forgotten when the destination works again.
func TestFailingSince(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	odd := "a.io/b\\c\"d\ne:1"
	at := func(hours int, outcomes ...mirror.Outcome) *mirror.Report {
		r := &mirror.Report{Started: start.Add(time.Duration(hours) * time.Hour), Seconds: 60}
		for i, name := range []string{"a.io/x:1", odd} {
			r.Entries = append(r.Entries, mirror.Entry{File: "mapping_x", Destination: name, Outcome: outcomes[i]})
		}
		return r
	}
	var since Since
	for _, tt := range []struct {
		r      *mirror.Report
		oldest time.Duration // since start
		age    time.Duration
	}{
		{at(0, mirror.Failed, mirror.Copied), time.Minute, 0},
		{at(1, mirror.Failed, mirror.Failed), time.Minute, time.Hour},
		{at(2, mirror.Copied, mirror.Failed), time.Hour + time.Minute, time.Hour},
		{at(3, mirror.Copied, mirror.Copied), 0, 0},
		{at(4, mirror.Failed, mirror.Copied), 4*time.Hour + time.Minute, 0},
	} {
		var b bytes.Buffer
		if err := Metrics(&b, tt.r, "v1", "", Failing(tt.r, since)); err != nil {
			t.Fatal(err)
		}
		all := families(t, b.Bytes())
		want := 0.0
		if tt.oldest > 0 {
			want = seconds(start.Add(tt.oldest))
		}
		if got := sample(t, all, "mirror_oldest_failure_timestamp_seconds"); got != want {
			t.Errorf("%v: the oldest failure is of %v, want %v", tt.r.Started, got, want)
		}
		if got := sample(t, all, "mirror_oldest_failure_age_seconds"); got != tt.age.Seconds() {
			t.Errorf("%v: the oldest failure is %v s old, want %v", tt.r.Started, got, tt.age)
		}
		var err error
		if since, err = ReadSince(&b, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A gateway remembers the group, and never sees its password in an error.
func TestGateway(t *testing.T) {
	var path, user, password, pushed string
	status := http.StatusOK
	gateway := testkit.Serve(t, "pushgateway", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		if r.Method == http.MethodGet && r.URL.Path == "/metrics" {
			io.WriteString(w, "# TYPE mirror_failing_since_timestamp_seconds untyped\n"+
				failingSince+`{destination="a.io/b:1",instance="",job="other",set="x"} 1`+"\n"+
				failingSince+`{destination="a.io/b:1",instance="",job="periodic-x",set="x"} 1.5e+09`+"\n"+
				failingSince+`{broken`+"\n")
			return
		}
		body, _ := io.ReadAll(r.Body)
		path, pushed = r.Method+" "+r.URL.Path, string(body)
		w.WriteHeader(status)
	}))
	g, err := NewGateway(http.DefaultClient, "http://robot:hunter2@"+gateway.Host+"/?token=hunter2", "periodic-x")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	since, err := g.Since(ctx)
	if want := time.Unix(1_500_000_000, 0).UTC(); err != nil || len(since) != 1 || !since["a.io/b:1"].Equal(want) {
		t.Errorf("remembered %v, %v; want a.io/b:1 since %v", since, err, want)
	}
	if err := g.Push(ctx, []byte("x 1\n")); err != nil || path != "PUT /metrics/job/periodic-x" || pushed != "x 1\n" || user != "robot" || password != "hunter2" {
		t.Errorf("pushed %q to %s as %s, %v", pushed, path, user, err)
	}
	status = http.StatusForbidden
	failed := []error{g.Push(ctx, nil)}
	closed, err := NewGateway(http.DefaultClient, "http://robot:hunter2@127.0.0.1:1/x/metrics/job/a/instance/b?hunter2", "periodic-x")
	if err != nil {
		t.Fatal(err)
	}
	_, err = closed.Since(ctx)
	failed = append(failed, err, closed.Push(ctx, nil))
	_, err = NewGateway(http.DefaultClient, "://robot:hunter2@", "x")
	for _, err := range append(failed, err) {
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "robot") {
			t.Errorf("the error %v", err)
		}
	}
}

func TestGroupOfAGateway(t *testing.T) {
	for _, tt := range []struct{ address, job, want string }{
		{"http://gw:9091", "a", "http://gw:9091/metrics/job/a"},
		{"https://gw/prefix/", "a b", "https://gw/prefix/metrics/job/a b"},
		{"http://gw", "a/b", "http://gw/metrics/job@base64/YS9i"},
		{"http://gw/metrics/job/x/instance/y", "a", "http://gw/metrics/job/x/instance/y"},
	} {
		g, err := NewGateway(http.DefaultClient, tt.address, tt.job)
		if err != nil {
			t.Fatal(err)
		}
		if u := g.at.Scheme + "://" + g.at.Host + g.at.Path; u != tt.want {
			t.Errorf("%s for %s: %s, want %s", tt.address, tt.job, u, tt.want)
		}
	}
}

// The dashboard and the alerts name only metrics that exist.
func TestNamedMetrics(t *testing.T) {
	all := allFamilies(t)
	for _, file := range []string{"contrib/grafana/mirror.json", "contrib/prometheus/mirror-alerts.yaml"} {
		text, err := os.ReadFile(filepath.Join(testkit.Root(), file))
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`\bmirror_[a-z_]+`).FindAllString(string(text), -1)
		if len(names) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range names {
			if all[name] == nil {
				t.Errorf("%s names %s, which is not written", file, name)
			}
		}
	}
}

// The dashboard selects and groups by the label of the metrics: the label job is
// that of the collector, which several jobs share.
func TestDashboardJob(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testkit.Root(), "contrib/grafana/mirror.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{`{job=`, `by (job)`, `{{job}}`, `, job)`} {
		if strings.Contains(string(text), wrong) {
			t.Errorf("the dashboard has %q instead of the label job_name", wrong)
		}
	}
}

// allFamilies are the metrics of a run with failures, in which each has a value.
func allFamilies(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	r := realReport(t, mirror.ModeRun)
	var b bytes.Buffer
	if err := Metrics(&b, r, "v1", "", Failing(r, nil)); err != nil {
		t.Fatal(err)
	}
	return families(t, b.Bytes())
}

// TestMetricsDocument holds docs/metrics.md against the metrics.
func TestMetricsDocument(t *testing.T) {
	var page strings.Builder
	page.WriteString("<!-- Made from the metrics themselves: make golden. -->\n\n# Metrics\n\n" +
		"All metrics are gauges of the last run. Each also has the label `job_name`. [reports.md](reports.md#metrics) describes where they are written.\n\n" +
		"| metric | labels | value |\n|---|---|---|\n")
	all := allFamilies(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var labels []string
		if len(all[name].GetMetric()) == 0 {
			t.Errorf("%s has no value in this run, so its labels are not known", name)
			continue
		}
		for _, l := range all[name].GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", name, strings.Join(labels, ", "), all[name].GetHelp())
	}
	testkit.Generated(t, "docs/metrics.md", page.String())
}
