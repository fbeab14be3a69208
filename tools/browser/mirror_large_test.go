package browser

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// The page of a plan for 7,700 destinations shows the first of them, filters
// all, and shows all when asked.
func TestLargeMirrorSummary(t *testing.T) {
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	host := strings.TrimPrefix(s.URL, "http://")
	ref, err := name.ParseReference(host+"/team/app:latest", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	image, err := random.Image(20_000, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 7700 {
		fmt.Fprintf(&lines, "%s %s/mirror/team-%d:v%d\n", ref, host, i%150, i)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "mapping_team")
	if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	command(t, "mirror", "plan", "--artifacts", dir, "-f", file)
	if xmllint, err := exec.LookPath("xmllint"); err != nil {
		t.Log("xmllint is not installed, and has not read junit_mirror.xml: apt-get install libxml2-utils")
	} else if out, err := exec.Command(xmllint, "--noout", filepath.Join(dir, "junit_mirror.xml")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	p := open(t, filepath.Join(dir, "mirror-summary.html"), look{width: 1400, scripts: true})
	const list = "#destinations"
	if n := p.shown(list); n != 300 {
		t.Errorf("%d destinations shown, want the first 300 of 7700", n)
	}
	p.fill(list+" input[type=search]", "team-77:")
	if got, want := p.shown(list), p.matching(list, "team-77:"); got != want || want == 0 {
		t.Errorf("%d destinations shown, %d have it", got, want)
	}
	p.fill(list+" input[type=search]", "")
	p.click(list + " button.all")
	if n := p.shown(list); n != 7700 {
		t.Errorf("%d destinations shown after a click on Show all, want 7700", n)
	}
	t.Logf("a key takes %.0f ms", eval[float64](p, `(input => { const start = performance.now(); input.value = 'team-7'; input.dispatchEvent(new Event('input'));
		return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))); })(document.querySelector('#destinations input[type=search]'))`, chromedp.EvalAwaitPromise))
}
