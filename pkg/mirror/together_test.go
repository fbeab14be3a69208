package mirror_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Two concurrent runs of one plan: no tag is ever incomplete, neither run
// fails, and the next run accepts their records.
func TestTwoRunsTogether(t *testing.T) {
	source, dest := strict.New(strict.Options{}), strict.New(strict.Options{})
	var refused sync.Map
	slow := func(http.ResponseWriter, *http.Request, string, int) bool { time.Sleep(time.Millisecond); return false }
	log := &testkit.Recorder{Fault: slow, Edit: func(r *http.Request, class string, status int, _ http.Header) {
		if class == "PUT manifest" && status != http.StatusCreated {
			refused.Store(r.URL.Path, status)
		}
	}}
	src, dst := source.Serve(t, nil), dest.Serve(t, log.Wrap)
	const images = 20
	want := map[string]string{}
	var lines []string
	move := func(round int) {
		base := source.Blob("a/b", fmt.Appendf(nil, "base %d", round))
		for i := range images {
			tag, name := fmt.Sprintf("t%d", i), fmt.Sprintf("%d of %d", i, round)
			d := source.Image("a/b", tag, name, base, source.Blob("a/b", []byte(name)))
			if i%4 == 0 {
				d = source.Index("a/b", tag, strict.For("linux", "amd64", d), strict.For("linux", "arm64", source.Image("a/b", "", name+" arm", base)))
			}
			want[tag] = d.Digest.String()
		}
	}
	for i := range images {
		lines = append(lines, fmt.Sprintf("$src/a/b:t%d $dst/c/d%d:t%d", i, i%3, i))
	}
	for round := range 3 {
		move(round)
		var runs sync.WaitGroup
		reports := make([]*mirror.Report, 2)
		for i := range reports {
			p, opts := plan(t, src, dst, lines...), mirror.Options{Client: client(t), Overwrite: mirror.OverwriteOurs, Backup: backup(t, "{{.Tag}}-previous")}
			runs.Go(func() { reports[i] = run(t, p, opts) })
		}
		runs.Wait()
		for _, r := range reports {
			if !r.OK() {
				t.Errorf("round %d: %v", round, r.Summary)
			}
		}
		for i := range images {
			tag := fmt.Sprintf("t%d", i)
			if got := dest.Tags(fmt.Sprintf("c/d%d", i%3))[tag]; got != want[tag] {
				t.Errorf("round %d: %s holds %s, want %s", round, tag, got, want[tag])
			}
		}
		for _, hole := range dest.Holes() {
			t.Errorf("round %d: %s", round, hole)
		}
	}
	refused.Range(func(path, status any) bool {
		t.Errorf("PUT %s: %v", path, status)
		return true
	})
}
