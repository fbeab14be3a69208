package browser

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// lintSummary returns the page of mirror-lint for a tree.
func lintSummary(t *testing.T, tree string) string {
	t.Helper()
	dir := t.TempDir()
	command(t, "mirror-lint", "--artifacts", dir, tree)
	return filepath.Join(dir, "mirror-lint-summary.html")
}

func TestLintSummary(t *testing.T) {
	for tree, dir := range trees(t) {
		t.Run(tree, func(t *testing.T) {
			file := lintSummary(t, dir)
			everyLook(t, file, "lint-"+tree, 2400)
			t.Run("filter", func(t *testing.T) { filterFindings(open(t, file, look{width: 1400, scripts: true})) })
			t.Run("without scripts", func(t *testing.T) {
				p := open(t, file, look{width: 1400})
				withoutScripts(p)
				p.shoot("lint-"+tree+"-without-scripts", 1200)
			})
		})
	}
}

// filterFindings filters the findings in each way and counts those that remain.
func filterFindings(p *tab) {
	p.Helper()
	const list = "#findings"
	all := p.shown(list)
	if all < 5 {
		p.Fatalf("%d findings: too few to filter", all)
	}
	for _, word := range []string{"mapping", "quay.io", "nothing-has-this"} {
		p.fill(list+" input[type=search]", word)
		want := p.matching(list, word)
		if got := p.shown(list); got != want {
			p.Errorf("%q: %d findings shown, %d have it", word, got, want)
		}
		if said := eval[string](p, `document.querySelector("#findings output").textContent`); want < all && said != fmt.Sprintf("%d of %d shown", want, all) {
			p.Errorf("%q: the page says %q of %d", word, said, want)
		}
		if groups := eval[int](p, `Array.from(document.querySelectorAll('[data-group]')).filter(g => g.getClientRects().length > 0).length`); (groups == 0) != (want == 0) {
			p.Errorf("%q: %d headings of sets for %d findings", word, groups, want)
		}
	}
	p.fill(list+" input[type=search]", "")
	if got := p.shown(list); got != all {
		p.Errorf("%d of %d findings after the filter was cleared", got, all)
	}
	for _, by := range []string{"set", "rule"} {
		value := eval[string](p, fmt.Sprintf(`document.querySelector("#findings [data-item]").dataset[%q]`, by))
		want := eval[int](p, fmt.Sprintf(`Array.from(document.querySelectorAll("#findings [data-item]")).filter(e => e.dataset[%q] === %q).length`, by, value))
		p.choose(by, value)
		if got := p.shown(list); got != want || want == 0 {
			p.Errorf("%s %s: %d findings shown, %d are of it", by, value, got, want)
		}
		if p.choose(by, ""); p.chosen(by) != "" {
			p.choose(by, value) // a button is released by a second click
		}
		if got := p.shown(list); got != all {
			p.Errorf("%d of %d findings after %s was cleared", got, all, by)
		}
	}
	rule := eval[string](p, `document.querySelector("#findings .where a").getAttribute("href").slice(1)`)
	p.click("#findings .where a")
	if at := eval[string](p, "document.activeElement.id"); at != rule {
		p.Errorf("the link to %s leads to %q", rule, at)
	}
}

// withoutScripts fails if the page hides something that only a script could show, or
// shows a control that needs a script. A <details> opens without scripts.
func withoutScripts(p *tab) {
	p.Helper()
	counts := eval[[]int](p, `(items => [items.length, items.filter(e => e.closest('details:not([open])') || e.getClientRects().length > 0).length,
		document.querySelectorAll('.filter, th button').length, document.querySelectorAll('[hidden]').length])(Array.from(document.querySelectorAll('[data-item]')))`)
	if counts[0] == 0 || counts[1] != counts[0] {
		p.Errorf("%d of %d items shown", counts[1], counts[0])
	}
	if counts[2] > 0 {
		p.Errorf("%d controls that do nothing", counts[2])
	}
	if counts[3] > 0 {
		p.Errorf("%d elements hidden", counts[3])
	}
}

// TestJUnitIsXML checks the JUnit files with xmllint.
func TestJUnitIsXML(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed: apt-get install libxml2-utils")
	}
	for _, tree := range append(slices.Collect(maps.Values(trees(t))), hostileTree(t)) {
		file := filepath.Join(filepath.Dir(lintSummary(t, tree)), "junit_mirror-lint.xml")
		if out, err := exec.Command(xmllint, "--noout", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", tree, err, out)
		}
	}
}

// TestInProwsFrame shows the summary as Prow's HTML lens does: as the source of
// a sandboxed frame, with its references decoded once too often.
func TestInProwsFrame(t *testing.T) {
	file := lintSummary(t, hostileTree(t))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	source := strings.ReplaceAll(`<div id="wrapper">`+string(text)+`</div><script>parent.postMessage(document.getElementById("wrapper").offsetHeight, "*")</script>`, `"`, "&quot;")
	host := filepath.Join(t.TempDir(), "host.html")
	if err := os.WriteFile(host, []byte(`<!doctype html><title>host</title><script>addEventListener("message", e => { document.querySelector("iframe").style.height = e.data + "px" })</script>
<iframe srcdoc="`+source+`" title="mirror-lint-summary.html" sandbox="allow-scripts allow-popups allow-same-origin" width="100%" scrolling="no"></iframe>`), 0o644); err != nil {
		t.Fatal(err)
	}
	p := open(t, file, look{width: 1000, scripts: true})
	want := eval[[]string](p, `Array.from(document.querySelectorAll('.what')).map(e => e.textContent)`)
	if len(want) < 2 {
		t.Fatalf("%d findings", len(want))
	}
	// Chromium warns about Prow's frame, and about a <meta> outside of <head>.
	f := open(t, host, look{width: 1000, scripts: true, expected: []string{"both allow-scripts and allow-same-origin", "outside the document's <head>"}})
	f.settle()
	const frame = `document.querySelector("iframe").contentDocument`
	got := eval[[]string](f, `Array.from(`+frame+`.querySelectorAll('.what')).map(e => e.textContent)`)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("in the frame:\n%s\nby itself:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := eval[int](f, frame+`.querySelectorAll("article script, article img, article b[onclick], [onclick], [onmouseover]").length`); n > 0 {
		t.Errorf("%d elements that a name has made", n)
	}
	rule := eval[string](f, frame+`.querySelector(".where a").getAttribute("href").slice(1)`)
	f.run(chromedp.Evaluate[chromedp.Void](frame + `.querySelector(".where a").click()`))
	f.settle()
	if at := eval[string](f, frame+`.activeElement.id`); at != rule {
		t.Errorf("in the frame the link to %s leads to %q", rule, at)
	}
	if h := eval[int](f, `document.querySelector("iframe").offsetHeight`); h < 600 {
		t.Errorf("the frame is %d pixels high", h)
	}
	f.shoot("lint-in-prows-frame", 1600)
}

// hostileTree is a release repository whose names and lines look like markup.
func hostileTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	set := filepath.Join(dir, "core-services/image-mirroring", `x"><img src=x onerror=alert(1)> &lt;b&gt;`)
	if err := os.MkdirAll(set, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		`mapping_" onmouseover="alert(1)`: "<script>alert(1)<\\script> quay.io/a/b:c\nquay.io/a/b:c '\"><img src=x>\n&#34;><b> &amp;lt;script> x\n",
		"OWNERS":                          "approvers: ['</title><script>alert(1)</script>']\n",
	} {
		if err := os.WriteFile(filepath.Join(set, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
