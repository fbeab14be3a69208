package mirror_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

func pair(t *testing.T) (src, dst *testkit.Registry) {
	return testkit.InProcess(t, nil), testkit.InProcess(t, nil)
}

func TestTagIsInherited(t *testing.T) {
	src, dst := pair(t)
	want := src.Push(t, "a/b:v1", testkit.Image(t, "x"))
	run(t, plan(t, src, dst, "$src/a/b:v1 $dst/c/d"), mirror.Options{Client: client(t)})
	if got := dst.Digest("c/d:v1"); got != want {
		t.Errorf("c/d:v1 is %q, want %s", got, want)
	}
}

func TestDigestToNoTag(t *testing.T) {
	src, dst := pair(t)
	digest := src.Push(t, "a/b:v1", testkit.Image(t, "x"))
	run(t, plan(t, src, dst, "$src/a/b@"+digest+" $dst/c/d"), mirror.Options{Client: client(t)})
	if got := dst.Digest("c/d@" + digest); got != digest {
		t.Errorf("the digest was not pushed: %q", got)
	}
}

func TestWildcards(t *testing.T) {
	src, dst := pair(t)
	for _, tag := range []string{"v1", "v2", "w1"} {
		src.Push(t, "a/b:"+tag, testkit.Image(t, tag))
	}
	report := run(t, plan(t, src, dst, "$src/a/b:v* $dst/c/d", "$src/a/b:nothing* $dst/c/e", "$src/a/b $dst/c/f"), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 5})
	for _, tag := range []string{"c/d:v1", "c/d:v2", "c/f:v1", "c/f:v2", "c/f:w1"} {
		if dst.Digest(tag) == "" {
			t.Errorf("%s was not copied", tag)
		}
	}
	if dst.Digest("c/d:w1") != "" {
		t.Error("w1 was copied, and does not match v*")
	}
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "no tag of "+src.Host+"/a/b matches nothing*") {
		t.Errorf("notes: %q", report.Notes)
	}
}

// If a wildcard writes destinations of other lines, these fail and all others
// are copied.
func TestWildcardOverlap(t *testing.T) {
	src, dst := pair(t)
	src.Push(t, "a/b:v1", testkit.Image(t, "1"))
	src.Push(t, "a/b:v2", testkit.Image(t, "2"))
	src.Push(t, "a/c:x", testkit.Image(t, "3"))
	src.Push(t, "a/d:v1", testkit.Image(t, "4"))
	lines := []string{"$src/a/b:v* $dst/c/d $dst/c/e", "$src/a/c:x $dst/c/f:1 $dst/c/d:v1 $dst/c/f:2", "$src/a/d:* $dst/c/d"}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 5, mirror.Failed: 3})
	if dst.Digest("c/d:v1") != "" {
		t.Error("a tag with three sources was written")
	}
	for _, e := range report.Entries {
		if e.Outcome != mirror.Failed {
			continue
		}
		for _, part := range []string{"/c/d:v1 is written from", "/a/b:v1 at mapping_test:1:", "/a/c:x at mapping_test:2:", "/a/d:v1 at mapping_test:3:"} {
			if e.Cause != mirror.CauseOverlap || !strings.Contains(e.Error, part) {
				t.Errorf("%s failed for %s: %s", e.Destination, e.Cause, e.Error)
			}
		}
	}
}

func TestPlanRefusesTwoSources(t *testing.T) {
	files := []*mapping.File{
		mapping.Parse("mapping_a", []byte("a.io/b:1 c.io/d:1\n")),
		mapping.Parse("mapping_b", []byte("# x\na.io/b:2 c.io/d:1\n")),
	}
	_, err := mirror.NewPlan(files, mirror.PlanOptions{})
	var refused *mirror.PlanError
	if !errors.As(err, &refused) || len(refused.Problems) != 1 {
		t.Fatalf("got %v", err)
	}
	if text := refused.Error(); !strings.Contains(text, "mapping_b:2:10") || !strings.Contains(text, "mapping_a:1:10") {
		t.Errorf("both places are not named: %s", text)
	}
	plan, err := mirror.NewPlan(files, mirror.PlanOptions{AllowOverlap: true})
	if err != nil || len(plan.Groups) != 1 || plan.Groups[0].Source.Tag != "2" {
		t.Errorf("the last one does not win: %+v, %v", plan, err)
	}
}

func TestGoesOnAfterFailures(t *testing.T) {
	src, dst := pair(t)
	src.Push(t, "a/b:1", testkit.Image(t, "x", testkit.Layer(1, 10)))
	lines := []string{"$src/a/b:gone $dst/c/gone:1", "$src/a/b:1 $dst/c/d:1", "127.0.0.1:1/x/y:1 $dst/c/e:1"}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1, mirror.Failed: 2})
	if report.OK() {
		t.Error("the report says that all is well")
	}
	if e := report.Entries[0]; e.Cause != mirror.CauseSourceMissing || !strings.Contains(e.Error, "the source does not exist") {
		t.Errorf("a missing source: %+v", e)
	}
	if e := report.Entries[2]; e.Cause != mirror.CauseUnavailable || !strings.Contains(e.Error, "127.0.0.1:1") {
		t.Errorf("a registry that is not there: %+v", e)
	}
	// SkipMissing skips a missing tag, digest or repository, but not an image
	// with a missing part.
	none := "@sha256:" + strings.Repeat("0", 64)
	lines = append(lines[:2], "$src/a/b"+none+" $dst/c/digest:1", "$src/gone $dst/c/all")
	skipping := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), SkipMissing: true})
	wantSummary(t, skipping, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Missing: 3})
	if !skipping.OK() {
		t.Error("what is passed over makes the run fail")
	}
	failing := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)})
	wantSummary(t, failing, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Failed: 3})
	for _, e := range failing.Entries {
		if e.Outcome == mirror.Failed && e.Cause != mirror.CauseSourceMissing {
			t.Errorf("%s: %s (%s)", e.Source, e.Error, e.Cause)
		}
	}
}

func TestPlanWritesNothing(t *testing.T) {
	var log testkit.Recorder
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, log.Wrap)
	src.Push(t, "a/b:1", testkit.Image(t, "x", testkit.Layer(1, 100_000)))
	p := plan(t, src, dst, "$src/a/b:1 $dst/c/d:1")
	planned := run(t, p, mirror.Options{Client: client(t), Mode: mirror.ModePlan})
	wantSummary(t, planned, map[mirror.Outcome]int{mirror.Planned: 1})
	for class := range log.Classes() {
		if class != "ping" && !strings.HasPrefix(class, "HEAD ") && !strings.HasPrefix(class, "GET ") {
			t.Errorf("a dry run sent %s", class)
		}
	}
	done := run(t, p, mirror.Options{Client: client(t)})
	if planned.Moved != done.Moved {
		t.Errorf("planned %+v, done %+v", planned.Moved, done.Moved)
	}
}

func TestCheckNamesDifferences(t *testing.T) {
	src, dst := pair(t)
	amd, arm, s390x := testkit.Image(t, "amd"), testkit.Image(t, "arm"), testkit.Image(t, "s390x")
	src.Push(t, "a/b:same", amd)
	dst.Push(t, "c/d:same", amd)
	src.Push(t, "a/b:moved", amd)
	dst.Push(t, "c/d:moved", arm)
	src.Push(t, "a/b:absent", amd)
	platforms := map[string]mutate.Appendable{"linux/amd64": amd, "linux/arm64": arm, "linux/s390x": s390x}
	src.Push(t, "a/b:index", testkit.Index(t, platforms, "linux/amd64", "linux/arm64"))
	dst.Push(t, "c/d:index", testkit.Index(t, platforms, "linux/amd64", "linux/s390x"))
	var lines []string
	for _, tag := range []string{"same", "moved", "absent", "index"} {
		lines = append(lines, "$src/a/b:"+tag+" $dst/c/d:"+tag)
	}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Mode: mirror.ModeCheck})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Differs: 2, mirror.Absent: 1})
	details := strings.Join(report.Entries[3].Details, "; ")
	if !strings.Contains(details, "linux/arm64 is missing") || !strings.Contains(details, "linux/s390x is only at the destination") {
		t.Errorf("the index: %s", details)
	}
}

func TestNestedAndSharedChildren(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.Distribution(t, false)
	amd, arm, ppc := testkit.Image(t, "amd", testkit.Layer(1, 99)), testkit.Image(t, "arm", testkit.Layer(2, 99)), testkit.Image(t, "ppc", testkit.Layer(3, 99))
	platforms := map[string]mutate.Appendable{"linux/amd64": amd, "linux/arm64": arm, "linux/ppc64le": ppc}
	one := testkit.Index(t, platforms, "linux/amd64")
	platforms["linux/s390x"] = one // an index within an index
	src.Push(t, "a/b:one", one)
	src.Push(t, "a/b:two", testkit.Index(t, platforms, "linux/amd64", "linux/arm64"))
	src.Push(t, "a/b:nested", testkit.Index(t, platforms, "linux/s390x", "linux/ppc64le"))
	for range 5 { // the registry rejects a parent before its child
		run := run(t, plan(t, src, dst, "$src/a/b:one $dst/c/d:one", "$src/a/b:two $dst/c/d:two", "$src/a/b:nested $dst/c/d:nested"), mirror.Options{Client: client(t), Force: true})
		wantSummary(t, run, map[mirror.Outcome]int{mirror.Copied: 3})
	}
}

func TestMissingChildIsNamed(t *testing.T) {
	dst := testkit.InProcess(t, nil)
	gone := testkit.Image(t, "gone", testkit.Layer(1, 9))
	digest, err := gone.Digest()
	if err != nil {
		t.Fatal(err)
	}
	var hide testkit.Recorder
	src := testkit.InProcess(t, hide.Wrap)
	src.Push(t, "a/b:1", testkit.Index(t, map[string]mutate.Appendable{"linux/arm64": gone}, "linux/arm64"))
	src.Push(t, "a/b:2", testkit.Image(t, "other"))
	hide.Fault = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		if !strings.HasSuffix(r.URL.Path, digest.String()) {
			return false
		}
		http.NotFound(w, r)
		return true
	}
	report := run(t, plan(t, src, dst, "$src/a/b:1 $dst/c/d:1", "$src/a/b:2 $dst/c/d:2"), mirror.Options{Client: client(t)})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1, mirror.Failed: 1})
	if e := report.Entries[0]; !strings.Contains(e.Error, digest.String()) || !strings.Contains(e.Error, "linux/arm64") || e.Cause != mirror.CauseSourceMissing {
		t.Errorf("%+v", e)
	}
	if dst.Digest("c/d:1") != "" {
		t.Error("the tag of an incomplete index was written")
	}
}

func TestDeepRepairs(t *testing.T) {
	src := testkit.InProcess(t, nil)
	img := testkit.Image(t, "x", testkit.Layer(1, 5000))
	src.Push(t, "a/b:1", img)
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	var lost testkit.Recorder
	dst := testkit.InProcess(t, lost.Wrap)
	dst.Push(t, "c/d:1", img)
	healed := false
	lost.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if r.Method == http.MethodPut && r.URL.Query().Get("digest") == digest.String() {
			healed = true
		}
		if !healed && class == "HEAD blob" && strings.HasSuffix(r.URL.Path, digest.String()) {
			http.NotFound(w, r)
			return true
		}
		return false
	}
	p := plan(t, src, dst, "$src/a/b:1 $dst/c/d:1")
	wantSummary(t, run(t, p, mirror.Options{Client: client(t)}), map[mirror.Outcome]int{mirror.Unchanged: 1})
	wantSummary(t, run(t, p, mirror.Options{Client: client(t), Deep: true}), map[mirror.Outcome]int{mirror.Repaired: 1})
	if !healed {
		t.Error("the missing blob was not sent")
	}
}

func TestEndsAtOnce(t *testing.T) {
	src, dst := pair(t)
	src.Push(t, "a/b:1", testkit.Image(t, "x"))
	p := plan(t, src, dst, "$src/a/b:1 $dst/c/d:1")
	drain := make(chan struct{})
	close(drain)
	report, err := mirror.Run(context.Background(), p, mirror.Options{Client: client(t), Drain: drain})
	if err != nil {
		t.Fatal(err)
	}
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Interrupted: 1})
	if report.OK() || dst.Digest("c/d:1") != "" {
		t.Error("a run that was ended before it began did something")
	}
}
