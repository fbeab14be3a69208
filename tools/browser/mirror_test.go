package browser

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// mirrorSummary mirrors a few images between two registries in this process and
// returns the page of the run. Most images are copied, some are unchanged, some have
// no source, and the destination limits the rate for a while.
func mirrorSummary(t *testing.T) string {
	t.Helper()
	serve := func(wrap func(http.Handler) http.Handler) string {
		s := httptest.NewServer(wrap(registry.New(registry.Logger(log.New(io.Discard, "", 0)))))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	from := serve(func(h http.Handler) http.Handler { return h })
	var writes atomic.Int32
	to := serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "/closed/"):
				w.WriteHeader(http.StatusForbidden)
			case r.Method == http.MethodPut && writes.Add(1)%7 == 0:
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			default:
				h.ServeHTTP(w, r)
			}
		})
	})
	dir := t.TempDir()
	var files []string
	for _, set := range []string{"webshop", "payments", "tools"} {
		var lines strings.Builder
		for i := range 12 {
			ref, err := name.ParseReference(fmt.Sprintf("%s/%s/latest:image-%d", from, set, i), name.Insecure)
			if err != nil {
				t.Fatal(err)
			}
			target := fmt.Sprintf("%s/%s/image-%d:latest", to, set, i)
			if i == 11 && set == "tools" {
				target = fmt.Sprintf("%s/closed/image-%d:latest", to, i)
			}
			fmt.Fprintf(&lines, "%s %s\n", ref, target)
			if i == 10 && set != "webshop" {
				continue // has no source
			}
			img, err := random.Image(20_000, 2)
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.Write(ref, img); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(dir, "mapping_"+set)
		if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, "-f", file)
	}
	run := func(artifacts string, files ...string) {
		command(t, "mirror", append([]string{"run", "--insecure", from, "--insecure", to, "--artifacts", artifacts}, files...)...)
	}
	run(filepath.Join(dir, "first"), files[:2]...)
	run(filepath.Join(dir, "second"), files...)
	return filepath.Join(dir, "second", "mirror-summary.html")
}

func TestMirrorSummary(t *testing.T) {
	file := mirrorSummary(t)
	everyLook(t, file, "mirror", 4000)
	t.Run("filter", func(t *testing.T) {
		p := open(t, file, look{width: 1400, scripts: true})
		const list = "#destinations [data-filter]"
		all := p.shown(list)
		for _, word := range []string{"payments", "closed", "nothing-has-this"} {
			p.fill(list+" input[type=search]", word)
			if got, want := p.shown(list), p.matching(list, word); got != want || (want == 0) != strings.HasPrefix(word, "nothing") {
				p.Errorf("%q: %d destinations shown, %d have it", word, got, want)
			}
		}
		p.fill(list+" input[type=search]", "")
		want := eval[int](p, `document.querySelectorAll("#destinations [data-item][data-outcome=failed]").length`)
		p.click(list + ` [data-by=outcome][data-is=failed]`)
		if got := p.shown(list); got != want || want == 0 || want == all {
			p.Errorf("%d of %d destinations shown, %d failed", got, all, want)
		}
	})
	t.Run("sort", func(t *testing.T) {
		p := open(t, file, look{width: 1400, scripts: true})
		const column = `Array.from(document.querySelectorAll('[aria-label=Sets] tbody td:first-child')).map(e => e.textContent)`
		p.click("[aria-label=Sets] thead th:first-child button")
		up := eval[[]string](p, column)
		p.click("[aria-label=Sets] thead th:first-child button")
		down := eval[[]string](p, column)
		if len(up) != 3 || !strings.Contains(up[0], "payments") || !strings.Contains(down[0], "webshop") {
			p.Errorf("sorted up: %q, down: %q", up, down)
		}
	})
	t.Run("without scripts", func(t *testing.T) {
		p := open(t, file, look{width: 1400})
		withoutScripts(p)
		p.shoot("mirror-without-scripts", 3000)
	})
}
