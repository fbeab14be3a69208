// Package site makes a static site of the image mirroring of a release
// repository: every set with its owners, images, job, secrets and findings;
// every image with where it comes from and where it goes; and a picture of the
// whole, with conflicts in red.
//
// It promises that equal trees give equal bytes, that the pages need no
// network and no server, and that all of them are made before any is written:
// Pages returns bytes.
package site

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// The templates of the pages.
var (
	//go:embed parts.tmpl
	partsTemplate string
	//go:embed index.tmpl
	indexTemplate string
	//go:embed images.tmpl
	imagesTemplate string
	//go:embed set.tmpl
	setTemplate string
)

// Options are what the pages say of where they come from.
type Options struct {
	Version string      // of the command
	Commit  string      // of the repository; "" when it is not known
	Date    string      // of that commit
	Link    report.Link // where files are shown on the web
}

// of returns the commit and its date as the end of a sentence.
func (o Options) of() string {
	if o.Commit == "" {
		return ""
	}
	return " at commit " + o.Commit[:min(len(o.Commit), 12)] + " of " + o.Date
}

// Pages makes the site of a tree: index.html, images.html, findings.html and
// sets/NAME.html for each set. result is what the rules found in the tree.
func Pages(tree *release.Tree, result *validate.Result, rules []validate.Rule, opts Options) ([]atomicfile.File, error) {
	s := gather(tree, result)
	s.opts = opts
	var files []atomicfile.File
	add := func(path string, write func(*bytes.Buffer) error) error {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, atomicfile.File{Path: path, Data: b.Bytes()})
		return nil
	}
	for _, one := range s.Sets {
		if err := add(one.file(), func(b *bytes.Buffer) error { return s.setPage(b, one) }); err != nil {
			return nil, err
		}
	}
	if err := add("findings.html", func(b *bytes.Buffer) error {
		return report.HTML(b, result, rules, report.HTMLOptions{
			Source: tree.Text, Set: s.setAt, Owners: s.ownersAt, Link: opts.Link, Nav: s.nav("findings.html", ""), Version: opts.Version, Of: opts.of(),
		})
	}); err != nil {
		return nil, err
	}
	if err := add("images.html", s.imagesPage); err != nil {
		return nil, err
	}
	if err := add("index.html", s.indexPage); err != nil {
		return nil, err
	}
	return files, nil
}

// nav are the pages that every page leads to; up leads from it to the site's
// root.
func (s *site) nav(current, up string) []page.Link {
	links := []page.Link{{Text: "Overview", Href: "index.html"}, {Text: "Images", Href: "images.html"}, {Text: "Findings", Href: "findings.html"}}
	for i := range links {
		if links[i].Href == current {
			links[i].Href = ""
		} else {
			links[i].Href = up + links[i].Href
		}
	}
	return links
}

func (s *site) write(b *bytes.Buffer, p page.Page, content string) error {
	funcs := report.HTMLFuncs()
	funcs["list"] = func(most int, names []string) list {
		return list{names[:min(most, len(names))], names[min(most, len(names)):]}
	}
	funcs["short"] = short
	funcs["breaks"] = breaks
	funcs["thousands"] = thousands
	funcs["link"] = s.opts.Link.To
	funcs["graph"] = func(g *graph) template.HTML { return g.svg() }
	p.Footer = "Made by mirror-jobgen site " + s.opts.Version + " from the release repository alone" + s.opts.of() + "."
	return page.Write(b, p, report.FindingTemplate()+partsTemplate+content, funcs)
}

// breaks is a text that may break after the signs that names and references are
// made of.
func breaks(line string) template.HTML {
	return template.HTML(afterSign.Replace(template.HTMLEscapeString(text.Clean(line)))) // #nosec G203 -- the text is escaped before
}

var afterSign = strings.NewReplacer("/", "/<wbr>", ":", ":<wbr>", "_", "_<wbr>")

// short takes from names what stands in brackets: the members of an alias.
func short(names []string) []string {
	var out []string
	for _, n := range names {
		name, _, _ := strings.Cut(n, " (")
		out = append(out, name)
	}
	return out
}

// list are names of which the first are shown and the others behind a click.
type list struct{ First, More []string }

func (s *site) indexPage(b *bytes.Buffer) error {
	return s.write(b, page.Page{
		Title:       "Image mirroring",
		Description: "Every set of image mirroring, who owns it, what it copies where, and what is wrong with it.",
		Lead:        "Images that the CI of the release repository promotes, and where they are mirrored to.",
		Nav:         s.nav("index.html", ""),
		Figures:     s.figures(),
		Data:        s,
	}, indexTemplate)
}

func (s *site) imagesPage(b *bytes.Buffer) error {
	return s.write(b, page.Page{
		Title:       "Images",
		Description: "Every mirrored image: where it comes from and where it goes.",
		Heading:     "Every mirrored image",
		Lead:        "Type a part of a name, a tag, a set or a repository that promotes it. Several words all have to match.",
		Nav:         s.nav("images.html", ""),
		Data:        s,
	}, imagesTemplate)
}

func (s *site) setPage(b *bytes.Buffer, one *set) error {
	return s.write(b, page.Page{
		Title:       "Set " + one.Name,
		Description: "What the set " + one.Name + " mirrors, who owns it, and what is wrong with it.",
		Heading:     one.Name,
		Lead:        one.lead(),
		Nav:         s.nav("", "../"),
		Figures:     one.figures(),
		Data: struct {
			*set
			Found []report.HTMLCause
			Graph *graph
		}{one, s.found(one), s.setGraph(one)},
	}, setTemplate)
}
