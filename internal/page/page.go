// Package page is the shell of every HTML report: one self-contained file with
// its style and its script inside, which people open from a folder or see on a
// Prow job page.
//
// It promises:
//
//   - it sends no request;
//   - everything is visible without scripts; with them, lists filter and tables
//     sort;
//   - it follows the reader's choice of light or dark, and fits 600 pixels;
//   - text from anywhere is text: in a browser, and in the frame of Prow's HTML
//     lens, which decodes the file's character references one time too many.
//
// A report has a template for its content, which may use:
//
//	<div data-filter="Filter findings" data-facets="severity set">
//	    a search field and, for each facet, buttons or a choice, are put above;
//	    inside, [data-item data-severity=… data-set=…] are shown and hidden,
//	    and a [data-group] without a visible item is hidden with its heading;
//	    a <details data-group> is open while words are searched for;
//	    with data-most="300", of thousands the first 300 are shown until asked
//	    several values of one facet have ", " between them;
//	    the first list of a page takes its words from ?q= of the address, and
//	    its facets from ?severity=error and the like, and keeps them there
//	<table data-sort>        columns sort by <td data-v=…>, else by text
//	<table class="stack">    cells below each other when it is narrow, with
//	    <td data-label="Name"> before them; "stack tight": numbers side by side
//	<div class="scroll">     around what may be wider than the page
//	<span class="tag bad">   bad, warn, good, info: a word in that colour
//	<div class="note bad">   a remark with a bar of that colour
//	class="num", "dim", "mono", "nowrap", "bad-text", "warn-text", …
//	<svg data-graph>         [data-node=a] lights up the paths with data-a or data-b
//	<pre><span class="ln">12</span>… <mark>…</mark></pre>   a line of a file
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Generator is in every page: it identifies a page that we wrote.
const Generator = `<meta name="generator" content="mirror-tools">`

// Page is a report around its content.
type Page struct {
	// Title is the page's name. Prow shows it as the heading of the report.
	Title string
	// Description is one sentence; Prow shows it as a tooltip.
	Description string
	// Heading is the heading of the page; default: Title.
	Heading string
	Lead    string // a sentence below the heading; may be empty
	Nav     []Link // other pages of the same site; may be empty
	Figures []Figure
	Footer  string
	Data    any // data of the content's template
}

// Link is a text that leads somewhere; without Href it is the page itself.
type Link struct{ Text, Href string }

// Figure is one number at the top of a page.
type Figure struct {
	Label, Value, Note string
	Href               string // where the things counted are; may be empty
	Tone               Tone
}

// Tone is the colour of a figure, a tag or a note.
type Tone string

// The tones.
const (
	Plain Tone = ""
	Bad   Tone = "bad"
	Warn  Tone = "warn"
	Good  Tone = "good"
	Info  Tone = "info"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// Write writes a page. content is the text of an html/template that gets
// p.Data; it may define further templates, and call funcs. Control and format
// characters of any text are replaced. Nothing is written when the template fails.
func Write(w io.Writer, p Page, content string, funcs template.FuncMap) error {
	t := template.New("page").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(pageCSS) }, // #nosec G203 -- embedded at build time
		"script": func() template.JS { return template.JS(pageJS) },    // #nosec G203 -- embedded at build time
	}).Funcs(funcs)
	if _, err := t.Parse(pageHTML); err != nil {
		return err
	}
	if _, err := t.New("content").Parse(content); err != nil {
		return fmt.Errorf("the content's template: %w", err)
	}
	if p.Heading == "" {
		p.Heading = p.Title
	}
	// Prow puts these two into its own page as they are.
	p.Title, p.Description = plain.Replace(text.Line(p.Title)), plain.Replace(text.Line(p.Description))
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return err
	}
	_, err := w.Write(guard([]byte(text.Clean(b.String()))))
	return err
}

// plain removes what could be markup.
var plain = strings.NewReplacer("<", "", ">", "", "&", "and", `"`, "", "'", "")

// guard makes a page that stays what it is when its character references are
// decoded once before it is parsed, as happens to the source of the frame in
// Prow's HTML lens. There, "&lt;script" would become a tag, and "&#34;" would
// end an attribute. So each "<" and "&" of a text gets an invisible word joiner
// behind it: what is no letter makes no tag and no reference. A quotation mark
// in an attribute becomes a typographic one.
func guard(html []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(html) + len(html)/8)
	inTag := false
	for len(html) > 0 {
		n := bytes.IndexAny(html, "<>&")
		if n < 0 {
			n = len(html)
		}
		out.Write(html[:n])
		if html = html[n:]; len(html) == 0 {
			break
		}
		n = 1
		switch html[0] {
		case '<':
			if n = raw(html); n == 0 {
				n, inTag = 1, true
			}
			out.Write(html[:n])
		case '>':
			inTag = false
			out.WriteByte('>')
		default:
			n = reference(&out, html, inTag)
		}
		html = html[n:]
	}
	return out.Bytes()
}

// reference writes the character reference at the beginning of html, and returns
// its length. An "&" without one is written alone.
func reference(out *bytes.Buffer, html []byte, inTag bool) int {
	for _, r := range references {
		if r.inTag == inTag && bytes.HasPrefix(html, []byte(r.from)) {
			out.WriteString(r.to)
			return len(r.from)
		}
	}
	out.WriteByte(html[0])
	return 1
}

var references = [...]struct {
	inTag    bool
	from, to string
}{
	{false, "&lt;", "&lt;\u2060"}, {false, "&amp;", "&amp;\u2060"},
	{true, "&#34;", "\u201d"}, {true, "&#39;", "\u2019"},
}

// raw returns the length of the script or style at the beginning of html, up to
// its end tag; 0 for anything else.
func raw(html []byte) int {
	for _, tag := range [...]struct{ begin, end string }{{"<script", "</script"}, {"<style", "</style"}} {
		if bytes.HasPrefix(html, []byte(tag.begin)) {
			return max(0, bytes.Index(html, []byte(tag.end)))
		}
	}
	return 0
}
