package site

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"github.com/mirror-tools/mirror-tools/internal/atomicfile"
	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

const (
	dir  = "core-services/image-mirroring/"
	jobs = `periodics:
- name: periodic-image-mirroring-shop
  cron: '@hourly'
  cluster: app.ci
  spec:
    containers:
    - command: [oc, image, mirror, -f, /etc/imagemirror/mapping_shop*]
      volumeMounts:
      - {name: maps, mountPath: /etc/imagemirror}
      - {name: push, mountPath: /etc/push}
    volumes:
    - {name: maps, configMap: {name: image-mirror-mappings}}
    - {name: push, secret: {secretName: push-shop}}
- name: periodic-of-nobody
  interval: 4h
  spec:
    containers:
    - command: [oc, image, mirror, -f, /etc/imagemirror/mapping_gone*]
      volumeMounts:
      - {name: maps, mountPath: /etc/imagemirror}
    volumes:
    - {name: maps, configMap: {name: image-mirror-mappings}}
`
	config = `promotion:
  to:
  - namespace: shop
    name: "1.0"
images:
- to: frontend
`
)

func pages(t *testing.T, tree fstest.MapFS, findings ...validate.Finding) map[string]string {
	t.Helper()
	loaded, err := release.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	r := &validate.Result{Findings: findings}
	files, err := Pages(loaded, r, []validate.Rule{{ID: "duplicate-destination"}, {ID: "set-job"}}, Options{Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Pages(loaded, r, []validate.Rule{{ID: "duplicate-destination"}, {ID: "set-job"}}, Options{Version: "v1"})
	if err != nil || !slices.EqualFunc(files, again, func(a, b atomicfile.File) bool {
		return a.Path == b.Path && bytes.Equal(a.Data, b.Data)
	}) {
		t.Errorf("the same tree gives other pages: %v", err)
	}
	out := map[string]string{}
	for _, f := range files {
		out[f.Path] = string(f.Data)
	}
	return out
}

func shop() fstest.MapFS {
	return fstest.MapFS{
		dir + "shop/mapping_shop": {Data: []byte("registry.ci.openshift.org/shop/1.0:frontend quay.io/shop/frontend:latest\n" +
			"registry.ci.openshift.org/shop/1.0:gone quay.io/shop/gone:latest\n")},
		dir + "shop/OWNERS":                                        {Data: []byte("approvers: [alice, team]\n")},
		dir + "copy/mapping_copy":                                  {Data: []byte("quay.io/shop/frontend:latest quay.io/copy/frontend:latest\ndocker.io/library/alpine:3 quay.io/copy/alpine:3\n")},
		"OWNERS_ALIASES":                                           {Data: []byte("aliases:\n  team: [bob, carol]\n")},
		"ci-operator/jobs/infra-image-mirroring.yaml":              {Data: []byte(jobs)},
		"ci-operator/config/shop/frontend/shop-frontend-main.yaml": {Data: []byte(config)},
	}
}

func rows(t *testing.T, page string) []string {
	t.Helper()
	return htmltest.AllWords(htmltest.Nodes(htmltest.Parse(t, page), func(n *html.Node) bool { return n.Data == "tr" && htmltest.Has(n, "data-item") }))
}

func paths(t *testing.T, page, class string) []string {
	t.Helper()
	return htmltest.AllWords(htmltest.Nodes(htmltest.Parse(t, page), func(n *html.Node) bool { return n.Data == "path" && htmltest.Attr(n, "class") == class }))
}

func TestImages(t *testing.T) {
	got := rows(t, pages(t, shop())["images.html"])
	want := []string{
		"docker.io/library/alpine:3 outside the CI registry copy mapping_copy:2 quay.io/copy/alpine:3",
		"quay.io/shop/frontend:latest mirrored by shop copy mapping_copy:1 quay.io/copy/frontend:latest",
		"registry.ci.openshift.org/shop/1.0:frontend promoted by shop/frontend@main shop mapping_shop:1 quay.io/shop/frontend:latest → copy",
		"registry.ci.openshift.org/shop/1.0:gone nothing in the tree publishes it shop mapping_shop:2 quay.io/shop/gone:latest",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSets(t *testing.T) {
	p := pages(t, shop(), validate.Finding{Rule: "set-job", Severity: source.Warning, Pos: source.Position{File: dir + "copy"}, Message: "no job"})
	got := rows(t, p["index.html"])
	want := []string{
		"copy 1 warning nobody 2 docker.io/library quay.io/shop quay.io/copy no job",
		"shop none alice 1 more team 2 registry.ci.openshift.org/shop quay.io/shop @hourly push-shop",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for page, texts := range map[string][]string{
		"index.html":     {"periodic-of-nobody", "mapping_<wbr>gone*", "@every 4h"},
		"sets/shop.html": {"team (bob, carol)", "periodic-image-mirroring-shop", "app.ci", "push-shop", "@hourly"},
		"sets/copy.html": {"No job mirrors this set.", "no job", "../findings.html#rule-set-job"},
		"findings.html":  {"no job", `href="images.html"`},
	} {
		for _, s := range texts {
			if !strings.Contains(p[page], s) {
				t.Errorf("%s lacks %q", page, s)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(p)); strings.Join(got, " ") != "findings.html images.html index.html sets/copy.html sets/shop.html" {
		t.Errorf("pages %q", got)
	}
}

// Both sides of a conflict are red, and nothing else.
func TestConflicts(t *testing.T) {
	conflict := validate.Finding{
		Rule: "duplicate-destination", Pos: source.Position{File: dir + "shop/mapping_shop", Line: 1, Column: 9}, Message: "twice",
		Related: []validate.Related{{Pos: source.Position{File: dir + "copy/mapping_copy", Line: 1, Column: 9}}},
	}
	p := pages(t, shop(), conflict)
	got := paths(t, p["index.html"], "bad")
	slices.Sort(got)
	linksStayInside(t, p)
	want := []string{
		"copy → quay.io/copy: 2 mappings, some in conflict", "quay.io/shop → copy: 1 mapping, some in conflict",
		"registry.ci.openshift.org/shop → shop: 2 mappings, some in conflict", "shop → quay.io/shop: 2 mappings, some in conflict",
	}
	if !slices.Equal(got, want) {
		t.Errorf("red: %q", got)
	}
	if got := paths(t, p["sets/shop.html"], "bad"); len(got) != 2 {
		t.Errorf("red in the set's picture: %q", got)
	}
	if all := paths(t, pages(t, shop())["index.html"], "bad"); len(all) > 0 {
		t.Errorf("red without a conflict: %q", all)
	}
	conflict.Severity = source.Warning
	if got := paths(t, pages(t, shop(), conflict)["index.html"], "warn"); len(got) != 4 {
		t.Errorf("amber: %q", got)
	}
}

// A page shows the upper part of the picture first: the conflicts are there.
func TestConflictsFirst(t *testing.T) {
	tree, all := shop(), []string{}
	for i := range 12 {
		name := fmt.Sprintf("set%02d", i)
		all = append(all, name)
		tree[dir+name+"/mapping_"+name] = &fstest.MapFile{Data: []byte(fmt.Sprintf("from.example/%s/a:1 to.example/%[1]s/a:1\n", name))}
	}
	for _, name := range all {
		g := conflictGraph(t, tree, name)
		for _, e := range g.edges {
			if at := (e.from.y + e.to.y) / 2; e.tone == page.Bad && at > top+g.height()/2+rowHeight {
				t.Errorf("%s: the line %s → %s is at %.0f of %.0f", name, e.from.name, e.to.name, at, g.height())
			}
		}
	}
}

// conflictGraph returns the graph of a tree in which the first line of a set is in
// conflict.
func conflictGraph(t *testing.T, tree fstest.MapFS, set string) *graph {
	t.Helper()
	loaded, err := release.Load(tree)
	if err != nil {
		t.Fatal(err)
	}
	return gather(loaded, &validate.Result{Findings: []validate.Finding{{
		Rule: "duplicate-destination", Pos: source.Position{File: dir + set + "/mapping_" + set, Line: 1},
	}}}).Graph()
}

// A tree may name its things as it likes: no name becomes markup, leaves the
// folder of the pages, or leads to another page.
func TestHostileNames(t *testing.T) {
	const name = `a"b<i>&'#?%41 c..ü`
	tree := shop()
	tree[dir+name+"/mapping_<b>"] = &fstest.MapFile{Data: []byte("docker.io/library/alpine:3 quay.io/copy/alpine:3\n\"<script> x\n")}
	tree[dir+name+"/OWNERS"] = &fstest.MapFile{Data: []byte("approvers: ['<script>alert(1)</script>']\n")}
	tree["ci-operator/jobs/infra-image-mirroring.yaml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(jobs, "@hourly", "<img src=x>"))}
	p := pages(t, tree)
	if len(p) != 6 {
		t.Fatalf("no page of the set: %q", slices.Sorted(maps.Keys(p)))
	}
	for file, page := range p {
		for _, n := range htmltest.Nodes(htmltest.Parse(t, page), func(n *html.Node) bool {
			return slices.Contains([]string{"i", "img", "b"}, n.Data) || htmltest.Has(n, "onclick") || n.Data == "script" && !strings.Contains(n.FirstChild.Data, "use strict")
		}) {
			t.Errorf("%s has a <%s> of a name's making", file, n.Data)
		}
	}
	linksStayInside(t, p)
}

// A folder may have any name that a file system accepts: the page of its set is a
// file below the folder of the pages, and every link leads to a page.
func TestSetNamesAsFilesAndLinks(t *testing.T) {
	names := []string{"http:x", "javascript:alert(1)", strings.Repeat("n", 252), strings.Repeat("ü", 126), "-rf", ".hidden", "..x", "a\\b", "C:", "%2e%2e", "a?b#c", "~shop", "index.html", "A", "a", "new\nline"}
	tree := shop()
	for _, name := range names {
		tree[dir+name+"/mapping_x"] = &fstest.MapFile{Data: []byte("docker.io/library/alpine:3 quay.io/copy/alpine:3\n")}
	}
	p := pages(t, tree)
	if want := 5 + len(names); len(p) != want {
		t.Errorf("%d pages, want %d", len(p), want)
	}
	for file := range p {
		if base := path.Base(file); len(base) > 120 || path.Clean(file) != file || strings.ContainsAny(file, ":\\%?#\n") || base[0] == '.' {
			t.Errorf("a page is the file %q", file)
		}
	}
	linksStayInside(t, p)
}

// linksStayInside reports every link that does not lead to one of the pages, or
// to a part that the page lacks.
func linksStayInside(t *testing.T, p map[string]string) {
	t.Helper()
	for file, page := range p {
		at, err := url.Parse("https://site.invalid/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range htmltest.Find(htmltest.Parse(t, page), "[href]") {
			href := htmltest.Attr(n, "href")
			to, err := at.Parse(href)
			if err != nil || to.Host != at.Host || to.Scheme != at.Scheme || p[strings.TrimPrefix(to.Path, "/")] == "" {
				t.Errorf("%s has a link to %q", file, href)
			} else if to.Fragment != "" && !strings.Contains(p[strings.TrimPrefix(to.Path, "/")], `id="`+to.Fragment+`"`) {
				t.Errorf("%s has a link to %q, which the page lacks", file, href)
			}
		}
	}
}

func TestWithoutConfigsAndJobs(t *testing.T) {
	p := pages(t, fstest.MapFS{dir + "shop/mapping_shop": {Data: []byte("registry.ci.openshift.org/shop/1.0:frontend quay.io/shop/frontend:latest\n")}, dir + "empty/OWNERS": {}})
	if !strings.Contains(p["images.html"], "This tree has no ci-operator configs") || strings.Contains(p["images.html"], "nothing in the tree") {
		t.Error("unknown promotions are not reported as unknown")
	}
	if !strings.Contains(p["sets/empty.html"], "This set mirrors nothing.") {
		t.Error("the page of an empty set does not say that it mirrors nothing")
	}
}
