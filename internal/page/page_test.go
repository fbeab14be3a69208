package page_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/mirror-tools/mirror-tools/internal/page"
)

const content = `<section data-filter="Filter" data-facets="kind">
<h2 id="{{.}}">{{.}}</h2>
<p data-item data-kind="{{.}}" title="{{.}}">a {{.}} b</p>
<a href="{{.}}">{{.}}</a><svg><text x="1">{{.}}</text></svg>
</section>`

func render(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	p := page.Page{
		Title: text, Description: text, Heading: text, Lead: text, Footer: text, Data: text,
		Nav:     []page.Link{{Text: text, Href: "index.html"}, {Text: text}},
		Figures: []page.Figure{{Label: text, Value: text, Note: text, Href: text, Tone: page.Bad}},
	}
	if err := page.Write(&b, p, content, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// shape is what a browser makes of a page: its elements with the names of
// their attributes, and its texts outside of scripts and styles.
func shape(t *testing.T, source string) (elements, texts []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		switch {
		case n.Type == html.ElementNode:
			e := n.Data
			for _, a := range n.Attr {
				e += " " + a.Key
			}
			elements = append(elements, e)
		case n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style":
			texts = append(texts, n.Data)
		}
	}
	return elements, texts
}

// lens does what Prow's HTML lens does with a file: it puts it into the srcdoc
// of a frame and escapes nothing but quotation marks. What comes back is what
// the frame shows.
func lens(t *testing.T, source string) string {
	t.Helper()
	host := fmt.Sprintf(`<iframe srcdoc="%s"></iframe>`, strings.ReplaceAll(source, `"`, `&quot;`))
	root, err := html.Parse(strings.NewReader(host))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Data == "iframe" {
			for _, a := range n.Attr {
				if a.Key == "srcdoc" {
					return a.Val
				}
			}
		}
	}
	t.Fatal("no frame")
	return ""
}

// Text that looks like markup stays text, in a browser and in Prow's lens.
func TestTextStaysText(t *testing.T) {
	want, _ := shape(t, render(t, "harmless"))
	for _, text := range []string{
		`<script>alert(1)</script>`, `</title><img src=x onerror=alert(1)>`, `"><img src=x>`, `' onmouseover='alert(1)`,
		`" onmouseover="alert(1)`, `<!-- `, `</style><b>`, `&lt;b&gt;`, `&quot;><b>`, `&#34; onclick=x`, `<<b>`, `javascript:alert(1)`, `</section>`, "\x00<b\x00>",
	} {
		source := render(t, text)
		for where, s := range map[string]string{"browser": source, "lens": lens(t, source)} {
			got, _ := shape(t, s)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s: %q changes the page:\n%s", where, text, strings.Join(got, "\n"))
			}
		}
		if strings.Contains(source, `href="javascript:`) {
			t.Errorf("%q became a link", text)
		}
	}
}

// What people write in messages reads the same in both places.
func TestTextReadsTheSame(t *testing.T) {
	const text = `a "quoted" <host>/<repository>:tag, it's 1 < 2 > 0 + 5% ü € a&b &lt;i&gt; &amp;amp;`
	source := render(t, text)
	for where, s := range map[string]string{"browser": source, "lens": lens(t, source)} {
		_, texts := shape(t, s)
		all := strings.ReplaceAll(strings.Join(texts, ""), "\u2060", "")
		if !strings.Contains(all, "a "+text+" b") {
			t.Errorf("%s: %q is not in %q", where, text, all)
		}
	}
}

// A page asks for nothing: no element of it names an address to load.
func TestSelfContained(t *testing.T) {
	source := render(t, "https://example.com/x.css")
	elements, _ := shape(t, source)
	for _, e := range elements {
		for _, attr := range []string{" src", " srcset", " background", " data ", " poster"} {
			if strings.Contains(e+" ", attr+" ") {
				t.Errorf("<%s> loads something", e)
			}
		}
		if strings.HasPrefix(e, "link") {
			t.Errorf("<%s> loads something", e)
		}
	}
	for _, s := range []string{"@import", "url("} {
		if strings.Contains(source, s) {
			t.Errorf("the page has %q", s)
		}
	}
}

func TestNothingIsWrittenOnError(t *testing.T) {
	var b bytes.Buffer
	for _, content := range []string{"{{.Missing}}", "{{"} {
		if err := page.Write(&b, page.Page{Data: struct{}{}}, "before "+content, nil); err == nil || b.Len() > 0 {
			t.Errorf("%q: error %v, %d bytes written", content, err, b.Len())
		}
	}
}
