package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/empty"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// shop is a checkout with the mapping files of two sets, which write to a registry
// that others write to, too.
type shop struct {
	t        *testing.T
	dir      string
	src, dst *testkit.Registry
	log      testkit.Recorder
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t, dir: t.TempDir()}
	s.src, s.dst = testkit.InProcess(t, nil), testkit.InProcess(t, s.log.Wrap)
	s.git("init", "-q")
	s.git("config", "user.name", "a")
	s.git("config", "user.email", "a@example.invalid")
	return s
}

func (s *shop) git(args ...string) {
	s.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// write writes a mapping file, with $src and $dst in its lines.
func (s *shop) write(name string, lines ...string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	text := strings.NewReplacer("$src", s.src.Host, "$dst", s.dst.Host).Replace(strings.Join(lines, "\n") + "\n")
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}

func (s *shop) commit(tag string) {
	s.t.Helper()
	s.git("add", ".")
	s.git("commit", "-qm", tag)
	s.git("tag", tag)
}

func (s *shop) mirror(args ...string) string {
	s.t.Helper()
	p := start(s.t, args...)
	if code := p.code(); code != 0 {
		s.t.Fatalf("mirror %v: %d\n%s", args, code, p.said())
	}
	return p.said()
}

func (s *shop) delete(path, tag string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodDelete, "http://"+s.dst.Host+"/v2/"+path+"/manifests/"+tag, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.dst.Client().Do(req)
	if err != nil || resp.StatusCode != http.StatusAccepted {
		s.t.Fatalf("deleting %s:%s: %v %v", path, tag, resp, err)
	}
	resp.Body.Close()
}

// TestLeftovers searches 50 repositories with tags of every origin.
func TestLeftovers(t *testing.T) {
	s := newShop(t)
	app1, app2 := testkit.Image(t, "1", testkit.Layer(1, 100)), testkit.Image(t, "2", testkit.Layer(2, 100))
	digest := strings.Replace(s.src.Push(t, "ns/app:v1", app1), ":", "-", 1)
	s.src.Push(t, "ns/app:v2", app2)
	s.src.Push(t, "ns/nightly:n-1", app1)
	const repos = 50
	each := func(line string, skip ...int) (lines []string) {
		for i := range repos {
			if !slices.Contains(skip, i) {
				lines = append(lines, strings.ReplaceAll(line, "rNN", fmt.Sprintf("r%02d", i)))
			}
		}
		return lines
	}
	// Before the time that git tells of, with records. One of the tags is gone.
	before := newShop(t).write("mapping_before", strings.NewReplacer("$src", s.src.Host, "$dst", s.dst.Host).Replace(
		strings.Join(each("$src/ns/app:v1 $dst/org/rNN:kept $dst/org/rNN:ours $dst/org/rNN:gone"), "\n")))
	s.mirror("run", "--overwrite", "changed-by-us", "-f", before)
	for i := range repos {
		s.delete(fmt.Sprintf("org/r%02d", i), "gone")
	}
	s.write("README")
	s.commit("start")
	wild := []string{"$src/ns/nightly:n-* $dst/org/r48", "$src/ns/nightly:* $dst/org/wild"}
	file := s.write("sets/shop/mapping_shop", append(append(each("$src/ns/app:v1 $dst/org/rNN:kept $dst/org/rNN:once"), wild...),
		"$src/ns/app:v1 $dst/org/retired:only", "$src/ns/app:v1 $dst/org/r05:moved")...)
	s.commit("all")
	s.mirror("run", "-f", file)
	s.write("sets/shop/mapping_shop", append(append(each("$src/ns/app:v2 $dst/org/rNN:kept"), wild[0]),
		"$src/ns/app:v1 $dst/org/r07:pending", "$src/ns/none:n-* $dst/org/r49")...)
	s.write("sets/depot/mapping_depot", "$src/ns/app:v1 $dst/org/r05:moved")
	s.commit("less")
	s.mirror("run", "-f", file, "--backup", "{{.Tag}}-{{.Date}}", "--skip-missing")
	s.write("sets/shop/mapping_shop", append(append(each("$src/ns/app:v2 $dst/org/rNN:kept"), wild[0]), "$src/ns/none:n-* $dst/org/r49")...)
	// Somebody else's.
	for i := range repos {
		repo := fmt.Sprintf("org/r%02d", i)
		s.dst.Push(t, repo+":theirs", testkit.Image(t, repo))
		s.dst.Push(t, repo+":"+digest, empty.Index)
	}
	s.dst.Push(t, "org/r00:kept-debug", app1)
	s.dst.Push(t, "org/r48:n-0", app1)
	s.dst.Push(t, "org/r49:n-0", app1)
	s.dst.Push(t, "org/wild:mine", app1)

	s.log.Reset()
	args := []string{"leftovers", "-f", file, "--since", "start", "--backup", "{{.Tag}}-{{.Date}}"}
	p := start(t, append(args, "--format", "json")...)
	if code := p.code(); code != 1 {
		t.Fatalf("exit code %d, want 1 because of a source that cannot be listed:\n%s", code, p.said())
	}
	var answer struct {
		Leftovers []mirror.Leftover
		Requests  int
	}
	if err := json.Unmarshal([]byte(p.said()), &answer); err != nil {
		t.Fatalf("%v\n%s", err, p.said())
	}
	got := map[string]mirror.Leftover{}
	dated := regexp.MustCompile(`-20\d{6}$`)
	for _, l := range answer.Leftovers {
		got[strings.TrimPrefix(l.Repository, s.dst.Host+"/org/")+":"+dated.ReplaceAllString(l.Tag, "-DATE")] = l
	}
	want := map[string]mirror.LeftoverClass{
		"r00:kept-debug": mirror.LeftoverNever, "r07:pending": mirror.LeftoverOnce, "r48:n-0": mirror.LeftoverMatched, "r49:": mirror.LeftoverUnknown,
		"retired:only": mirror.LeftoverOnce, "wild:n-1": mirror.LeftoverMatched, "wild:mine": mirror.LeftoverMatched,
	}
	for tag, class := range map[string]mirror.LeftoverClass{
		"ours": mirror.LeftoverOurs, "once": mirror.LeftoverOnce, "theirs": mirror.LeftoverNever, digest: mirror.LeftoverReferrers,
		"kept-DATE": mirror.LeftoverBackup, "_mirror.gone": mirror.LeftoverRecord,
	} {
		for _, key := range each("rNN:" + tag) {
			want[key] = class
		}
	}
	for key, class := range want {
		if l, ok := got[key]; !ok || l.Class != class {
			t.Errorf("%s is %q (%s), want %s", key, l.Class, l.Error, class)
		}
	}
	for key, l := range got {
		if want[key] == "" {
			t.Errorf("%s is left over, as %s", key, l.Class)
		}
	}
	if also := got["r01:once"].Also; !slices.Contains(also, "ours") || len(got["r01:once"].Published) != 0 {
		t.Errorf("an image under other tags that no mapping writes: %+v", got["r01:once"])
	}
	if l := got["r01:theirs"]; l.Created != nil || len(l.Also) != 0 {
		t.Errorf("an image of its own, without a time: %+v", l)
	}

	s.count(map[string]int{
		"tags":          repos + 2,             // and retired, wild
		"HEAD manifest": repos + 2,             // kept; r05:moved and r48:n-1
		"GET manifest":  len(want) - 1 + repos, // each leftover, which r49 is not; the records of ours
		"GET blob":      2*repos + 2,           // app:v1 and theirs; retired and wild have app:v1, too
		"ping":          1,
		"listing":       1, // whether the registry has lists like Quay's
	})
	if own := s.log.Count() + 1 + 2 + 2; answer.Requests != own { // an HTTPS ping; two pings of the source, which lists two repositories
		t.Errorf("it reports %d requests, want %d", answer.Requests, own)
	}
}

// count checks which requests the destination got: each once, and none that
// writes.
func (s *shop) count(want map[string]int) {
	s.t.Helper()
	seen := map[string]bool{}
	for _, r := range s.log.Requests() {
		if seen[r] {
			s.t.Errorf("%s was asked for twice", r)
		}
		seen[r] = true
		if method, _, _ := strings.Cut(r, " "); method != http.MethodGet && method != http.MethodHead {
			s.t.Errorf("%s does more than read", r)
		}
	}
	if got := s.log.Classes(); !maps.Equal(got, want) {
		s.t.Errorf("requests: %v, want %v", got, want)
	}
}
