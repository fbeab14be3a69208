package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// look is one way to open a page.
type look struct {
	width   int64
	dark    bool
	scripts bool
	// expected has parts of messages that the browser logs although the page is
	// correct.
	expected []string
}

// looks has the ways to open every page.
func looks() map[string]look {
	return map[string]look{
		"light-1400": {width: 1400, scripts: true}, "dark-1400": {width: 1400, dark: true, scripts: true},
		"light-600": {width: 600, scripts: true}, "dark-600": {width: 600, dark: true, scripts: true},
	}
}

// everyLook opens a page in every look, checks that it fits, and takes a picture of
// its first pixels.
func everyLook(t *testing.T, file, name string, height float64) {
	for look, l := range looks() {
		t.Run(name+"-"+look, func(t *testing.T) {
			p := open(t, file, l)
			p.fits()
			p.shoot(name+"-"+look, height)
		})
	}
}

// tab is a page in the browser.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	errors   []string
}

// open shows a file. At its end, the test fails if the page has logged an error or
// requested anything but files of its own folder.
func open(t *testing.T, file string, l look) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium)
	t.Cleanup(cancel)
	p := &tab{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	p.run(
		call(network.Enable, network.EnableParams{}),
		call(log.Enable, cdp.Empty{}),
		call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: 900, DeviceScaleFactor: 1}),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
		call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !l.scripts}),
		chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()),
	)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, r := range p.requests {
			if !strings.HasPrefix(r, "file://"+filepath.Dir(file)) && r != "about:srcdoc" {
				t.Errorf("%s asked for %s", filepath.Base(file), r)
			}
		}
		for _, e := range p.errors {
			if !slices.ContainsFunc(l.expected, func(s string) bool { return strings.Contains(e, s) }) {
				t.Errorf("%s: %s", filepath.Base(file), e)
			}
		}
	})
	return p
}

// call returns an action that runs a command of the browser's protocol.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.errors = append(p.errors, "console."+string(e.Type))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.errors = append(p.errors, e.Entry.Text)
		}
	}
}

// patience is the timeout for a browser that hangs.
const patience = 2 * time.Minute

func (p *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

// eval returns the value of an expression in the page.
func eval[T any](p *tab, expression string, opts ...chromedp.EvaluateOption) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, opts...))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return value
}

// settle waits for the effect of a click or a key: two frames.
func (p *tab) settle() {
	p.Helper()
	eval[bool](p, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`, chromedp.EvalAwaitPromise)
}

// fill replaces the value of a field.
func (p *tab) fill(selector, text string) {
	p.Helper()
	field := chromedp.CSS(selector)
	eval[string](p, fmt.Sprintf("document.querySelector(%q).value = ''", selector))
	p.run(chromedp.Click(field), chromedp.SendKeys(field, text+" "))
	p.settle()
}

func (p *tab) click(selector string) {
	p.Helper()
	p.run(chromedp.Click(chromedp.CSS(selector)))
	p.settle()
}

// follow clicks a link to another page and waits for an element of that page. The
// page with the link may not draw another frame.
func (p *tab) follow(link, shows string) {
	p.Helper()
	p.run(chromedp.Click(chromedp.CSS(link)), chromedp.WaitVisible(chromedp.CSS(shows)))
}

// shown counts the visible items of a list.
func (p *tab) shown(list string) int {
	p.Helper()
	return eval[int](p, fmt.Sprintf(`Array.from(document.querySelector(%q).querySelectorAll('[data-item]')).filter(e => e.getClientRects().length > 0).length`, list))
}

// choose sets a facet of the findings: a list to choose from, or a button. It
// reports whether the page offers the facet: it does not if all findings agree.
func (p *tab) choose(by, value string) bool {
	p.Helper()
	if !eval[bool](p, fmt.Sprintf(`document.querySelector('#findings .filter [data-by=%s]') !== null`, by)) {
		return false
	}
	if eval[bool](p, fmt.Sprintf(`document.querySelector('#findings select[data-by=%s]') !== null`, by)) {
		eval[bool](p, fmt.Sprintf(`(s => { s.value = %q; return s.dispatchEvent(new Event('change')); })(document.querySelector('#findings select[data-by=%s]'))`, value, by))
		p.settle()
		return true
	}
	if value != "" {
		p.click(fmt.Sprintf(`#findings button[data-by=%s][data-is=%q]`, by, value))
	}
	return true
}

// chosen returns the selected value of a facet of the findings.
func (p *tab) chosen(by string) string {
	p.Helper()
	return eval[string](p, fmt.Sprintf(`(s => s ? s.value : Array.from(document.querySelectorAll('#findings button[data-by=%[1]s][aria-pressed=true]')).map(b => b.dataset.is).join(' '))(document.querySelector('#findings select[data-by=%[1]s]'))`, by))
}

// matching counts the items of a list whose text in the page's source has a word.
func (p *tab) matching(list, word string) int {
	p.Helper()
	return eval[int](p, fmt.Sprintf(`Array.from(document.querySelector(%q).querySelectorAll('[data-item]')).filter(e => e.textContent.toLowerCase().includes(%q)).length`, list, word))
}

// shoot writes a screenshot of the first so many pixels of the page.
func (p *tab) shoot(name string, height float64) {
	p.Helper()
	width := eval[float64](p, "innerWidth")
	full := eval[float64](p, "document.documentElement.scrollHeight")
	beyond := true
	picture, err := chromedp.Run(p.ctx, func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		shot, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond, Clip: &page.Viewport{Width: width, Height: min(height, full), Scale: 1},
		})
		return shot.Data, err
	})
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), picture, 0o644); err != nil {
		p.Fatal(err)
	}
}

// fits fails if the page is wider than the window or has text with a low contrast to
// its background.
func (p *tab) fits() {
	p.Helper()
	if wide := eval[int](p, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		p.Errorf("the page is %d pixels wider than the window", wide)
	}
	for _, weak := range eval[[]string](p, contrast) {
		p.Errorf("too little contrast: %s", weak)
	}
}

// contrast lists texts whose contrast is below 4.5, as WCAG 2 defines it.
const contrast = `(() => {
	const parts = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
	const seen = new Map();
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		const e = n.parentElement;
		if (!n.data.trim() || ['SCRIPT', 'STYLE', 'TITLE'].includes(e.tagName.toUpperCase())) continue;
		const style = getComputedStyle(e);
		const front = parts(e.namespaceURI.includes('svg') ? style.fill : style.color).slice(0, 3), back = behind(e);
		const key = front + '/' + back;
		if (seen.has(key)) continue;
		const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
		seen.set(key, [(a + .05) / (b + .05), e.tagName + '.' + e.getAttribute('class') + ': ' + n.data.trim().slice(0, 40)]);
	}
	return Array.from(seen.values()).filter(v => v[0] < 4.5).map(v => v[0].toFixed(2) + ' ' + v[1]);
})()`
