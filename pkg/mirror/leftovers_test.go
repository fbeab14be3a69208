package mirror_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

func leftovers(t *testing.T, p *mirror.Plan, opts mirror.LeftoverOptions) map[string]mirror.Leftover {
	t.Helper()
	opts.Client = client(t)
	out := map[string]mirror.Leftover{}
	for _, l := range mirror.Leftovers(t.Context(), p, opts) {
		if _, ok := out[l.Tag]; ok {
			t.Errorf("%s twice", l.Tag)
		}
		out[l.Tag] = l
	}
	return out
}

func made(t *testing.T, label string, year int) v1.Image {
	t.Helper()
	img, err := mutate.CreatedAt(testkit.Image(t, label, testkit.Layer(1, 100)), v1.Time{Time: time.Date(year, 1, 2, 3, 4, 5, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestLeftoverAge reads the creation times of images of one and of several
// platforms.
func TestLeftoverAge(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, nil)
	img := made(t, "a", 2021)
	dst.Push(t, "a/b:kept", img)
	dst.Push(t, "a/b:one", img)
	dst.Push(t, "a/b:many", testkit.Index(t, map[string]mutate.Appendable{"linux/amd64": made(t, "b", 2022)}, "linux/amd64"))
	got := leftovers(t, plan(t, src, dst, "$src/x/y:z $dst/a/b:kept"), mirror.LeftoverOptions{})
	for tag, year := range map[string]int{"one": 2021, "many": 2022} {
		if l := got[tag]; l.Created == nil || l.Created.Year() != year {
			t.Errorf("%s: made %v, want in %d (%s)", tag, l.Created, year, l.Error)
		}
	}
	if l := got["one"]; strings.Join(l.Published, " ") != "kept" || strings.Join(l.Also, " ") != "kept" {
		t.Errorf("where it is still published: %+v", l)
	}
	if l := got["many"]; len(l.Published)+len(l.Also) != 0 || len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

// TestLeftoverTrouble has a tag, a record and a list that cannot be read: none
// of them gets a class.
func TestLeftoverTrouble(t *testing.T) {
	broken := testkit.Recorder{Fault: func(w http.ResponseWriter, r *http.Request, class string, n int) bool {
		for _, path := range []string{"/a/b/manifests/dark", "/a/b/manifests/_mirror.mine", "/a/b/manifests/kept", "/c/d/tags/list"} {
			if strings.HasSuffix(r.URL.Path, path) {
				w.WriteHeader(http.StatusForbidden)
				return true
			}
		}
		return false
	}}
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, broken.Wrap)
	img := made(t, "a", 2021)
	for _, tag := range []string{"kept", "dark", "mine", "_mirror.mine", "fine"} {
		(&testkit.Registry{Host: testkit.Serve(t, "behind", dst.Behind).Host, Scheme: "http"}).Push(t, "a/b:"+tag, img)
	}
	got := leftovers(t, plan(t, src, dst, "$src/x/y:z $dst/a/b:kept"), mirror.LeftoverOptions{})
	for tag, want := range map[string]mirror.LeftoverClass{"": mirror.LeftoverUnknown, "dark": mirror.LeftoverUnknown, "mine": mirror.LeftoverUnknown, "fine": mirror.LeftoverNever} {
		if l := got[tag]; l.Class != want || (want == mirror.LeftoverUnknown) != (l.Error != "") {
			t.Errorf("%q: %+v, want %s", tag, l, want)
		}
	}
	got = leftovers(t, plan(t, src, dst, "$src/x/y:z $dst/c/d:kept"), mirror.LeftoverOptions{})
	if l := got[""]; len(got) != 1 || l.Class != mirror.LeftoverUnknown {
		t.Errorf("a repository that cannot be listed: %+v", got)
	}
}

// TestLeftoversOfOthers checks that tags of mappings outside the plan are left
// out, and that repositories of older mappings are searched.
func TestLeftoversOfOthers(t *testing.T) {
	src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, nil)
	for _, tag := range []string{"a/b:kept", "a/b:other", "a/b:w-1", "a/b:once", "old/c:x", "never/d:y"} {
		dst.Push(t, tag, made(t, tag, 2021))
	}
	pairs := func(lines ...string) (out []mapping.Pair) {
		text := strings.NewReplacer("$src", src.Host, "$dst", dst.Host).Replace(strings.Join(lines, "\n"))
		for p := range mapping.Parse("mapping_x", []byte(text)).Pairs() {
			out = append(out, p)
		}
		return out
	}
	got := leftovers(t, plan(t, src, dst, "$src/x/y:z $dst/a/b:kept"), mirror.LeftoverOptions{
		Once:      pairs("$src/x/y:z $dst/a/b:once $dst/a/b:other $dst/a/b:w-1", "$src/x/y:z $dst/old/c:x"),
		Elsewhere: pairs("$src/x/y:z $dst/a/b:other", "$src/x/w:w-* $dst/a/b", "$src/x/y:z $dst/never/d:other"),
	})
	if len(got) != 2 || got["once"].Class != mirror.LeftoverOnce || got["x"].Class != mirror.LeftoverOnce {
		t.Errorf("%+v", got)
	}
}

// TestLeftoversFromAList has a registry with Quay's lists: an image with many
// tags is read once.
func TestLeftoversFromAList(t *testing.T) {
	var log testkit.Recorder
	quay := &testkit.Quay{}
	dst := testkit.InProcess(t, func(h http.Handler) http.Handler { return log.Wrap(quay.Wrap(h)) })
	src := testkit.InProcess(t, nil)
	img := made(t, "a", 2021)
	for _, tag := range []string{"kept", "l1", "l2", "l3", "l4"} {
		dst.Push(t, "a/b:"+tag, img)
	}
	log.Reset()
	got := leftovers(t, plan(t, src, dst, "$src/x/y:z $dst/a/b:kept"), mirror.LeftoverOptions{Parallel: 4})
	if len(got) != 4 || got["l4"].Created == nil || len(got["l4"].Also) != 4 {
		t.Errorf("%+v", got)
	}
	if c := log.Classes(); c["listing"] != 1 || c["GET manifest"] != 1 || c["GET blob"] != 1 || c["HEAD manifest"] != 0 {
		t.Errorf("requests: %v", c)
	}
}
