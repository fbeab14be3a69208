// Package htmltest reads pages as a browser does, for the tests of HTML reports.
package htmltest

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Parse returns the document that a browser makes of a page.
func Parse(t testing.TB, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Nodes returns the elements that choose takes, in order.
func Nodes(doc *html.Node, choose func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && choose(n) {
			out = append(out, n)
		}
	}
	return out
}

// Find returns the elements of a name, or with "." before it of a class, or in
// brackets with an attribute.
func Find(doc *html.Node, what string) []*html.Node {
	return Nodes(doc, func(n *html.Node) bool {
		if class, ok := strings.CutPrefix(what, "."); ok {
			return strings.Contains(" "+Attr(n, "class")+" ", " "+class+" ")
		}
		if key, ok := strings.CutPrefix(what, "["); ok {
			return Has(n, strings.TrimSuffix(key, "]"))
		}
		return n.Data == what
	})
}

// Has reports whether an element has an attribute.
func Has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// Attr returns the value of an attribute, or "".
func Attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// Words is the text of a node as a person reads it: without styles, scripts and
// invisible word joiners, with single blanks, and a blank between elements
// unless they only may break there.
func Words(n *html.Node) string {
	var b strings.Builder
	joined := false
	for d := range n.Descendants() {
		switch {
		case d.Type == html.ElementNode && d.Data == "wbr":
			joined = true
		case d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "script":
			if !joined {
				b.WriteByte(' ')
			}
			b.WriteString(d.Data)
			joined = false
		}
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(b.String(), "\u2060", "")), " ")
}

// AllWords returns the words of every node.
func AllWords(nodes []*html.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, Words(n))
	}
	return out
}

// Injected finds what a page must not have whatever text it shows: elements and
// attributes that run or load something, and links that are no links.
func Injected(doc *html.Node) []string {
	var found []string
	scripts := 0
	for _, n := range Nodes(doc, func(*html.Node) bool { return true }) {
		switch n.Data {
		case "script":
			if scripts++; scripts > 1 {
				found = append(found, "<script>")
			}
		case "img", "iframe", "object", "embed", "base", "form", "link":
			found = append(found, "<"+n.Data+">")
		}
		for _, a := range n.Attr {
			bad := strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "srcdoc"
			if a.Key == "href" {
				scheme, _, has := strings.Cut(a.Val, ":")
				bad = has && scheme != "https" && scheme != "http" && !strings.ContainsAny(scheme, "/#?") || strings.HasPrefix(a.Val, "//")
			}
			if bad {
				found = append(found, n.Data+" "+a.Key+"="+a.Val)
			}
		}
	}
	return found
}
