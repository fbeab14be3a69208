package site

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// graph is a graph in three columns: origins of images, sets that mirror them,
// and destinations.
type graph struct {
	label   string
	columns [3][]*node
	byName  [3]map[string]*node
	edges   []*edge
	between map[[2]*node]*edge
}

type node struct {
	id   string
	name string
	href string
	y    float64
	pull float64 // mean height of its neighbours
	n    int     // edges
}

type edge struct {
	from, to *node
	count    int
	tone     page.Tone
}

// most is the number of nodes in a column of a set's graph above which they are
// grouped.
const most = 40

// Graph returns the graph of all sets.
func (s *site) Graph() *graph {
	g := newGraph("Origins of images, the sets that mirror them, and their destinations")
	for _, one := range s.Sets {
		g.add(one, one.Href(), namespaceOf, namespaceOf)
	}
	g.layout()
	return g
}

// setGraph returns the graph of one set, with streams and repositories, or with
// namespaces if there are too many of those.
func setGraph(one *set) *graph {
	sources, targets := map[string]bool{}, map[string]bool{}
	for _, e := range one.Entries {
		sources[e.Source.CanonicalRepository()] = true
		for _, t := range e.Targets {
			targets[t.ref.CanonicalRepository()] = true
		}
	}
	fine := func(n int) func(mapping.Reference) string {
		if n > most {
			return namespaceOf
		}
		return mapping.Reference.CanonicalRepository
	}
	g := newGraph("Sources and destinations of the set " + one.Name)
	g.add(one, "", fine(len(sources)), fine(len(targets)))
	g.layout()
	return g
}

func newGraph(label string) *graph {
	return &graph{label: label, byName: [3]map[string]*node{{}, {}, {}}, between: map[[2]*node]*edge{}}
}

func (g *graph) add(one *set, href string, from, to func(mapping.Reference) string) {
	if len(one.Entries) == 0 {
		return
	}
	set := g.node(1, one.Name)
	set.href = href
	for _, e := range one.Entries {
		g.join(g.node(0, from(e.Source)), set, e.Conflict)
		for _, t := range e.Targets {
			g.join(set, g.node(2, to(t.ref)), e.Conflict)
		}
	}
}

func (g *graph) node(column int, name string) *node {
	n := g.byName[column][name]
	if n == nil {
		n = &node{id: fmt.Sprintf("%d-%d", column, len(g.columns[column])), name: name}
		g.byName[column][name] = n
		g.columns[column] = append(g.columns[column], n)
	}
	return n
}

func (g *graph) join(from, to *node, tone page.Tone) {
	key := [2]*node{from, to}
	e := g.between[key]
	if e == nil {
		e = &edge{from: from, to: to}
		g.between[key] = e
		g.edges = append(g.edges, e)
	}
	e.count++
	if e.tone != page.Bad && tone != page.Plain {
		e.tone = tone
	}
}

// Sizes of the graph.
const (
	rowHeight = 21.0
	top       = 34.0
	width     = 1240.0
	leftEnd   = 400.0
	setLeft   = 530.0
	setRight  = 720.0
	rightEnd  = 850.0
)

// layout sets the height of every node. It orders columns by their neighbours,
// back and forth, so that few lines cross.
func (g *graph) layout() {
	for i := range g.columns {
		slices.SortFunc(g.columns[i], func(a, b *node) int { return strings.Compare(a.name, b.name) })
	}
	g.place()
	for range 8 {
		g.order(1, 0, 2)
		g.order(0, 1)
		g.order(2, 1)
	}
	g.conflictsFirst()
	slices.SortStableFunc(g.edges, func(a, b *edge) int { return cmp.Compare(rank(a.tone), rank(b.tone)) })
}

// conflictsFirst turns the graph upside down if its conflicts are in the lower
// half: a page shows its upper part first.
func (g *graph) conflictsFirst() {
	below := 0.0
	for _, e := range g.edges {
		if e.tone == page.Bad {
			below += (e.from.y+e.to.y)/2 - top - g.height()/2
		}
	}
	if below <= 0 {
		return
	}
	for _, c := range g.columns {
		slices.Reverse(c)
	}
	g.place()
}

// rank draws the most important edges on top of the others.
func rank(t page.Tone) int { return slices.Index([]page.Tone{page.Plain, page.Warn, page.Bad}, t) }

// order sorts a column by the mean height of each node's neighbours.
func (g *graph) order(column int, by ...int) {
	for _, n := range g.columns[column] {
		n.pull, n.n = 0, 0
	}
	for _, e := range g.edges {
		for _, pair := range [][2]*node{{e.from, e.to}, {e.to, e.from}} {
			if g.byName[column][pair[0].name] == pair[0] && slices.ContainsFunc(by, func(c int) bool { return g.byName[c][pair[1].name] == pair[1] }) {
				pair[0].pull += pair[1].y
				pair[0].n++
			}
		}
	}
	slices.SortStableFunc(g.columns[column], func(a, b *node) int {
		return cmp.Compare(a.pull/float64(max(a.n, 1)), b.pull/float64(max(b.n, 1)))
	})
	g.place()
}

func (g *graph) height() float64 {
	n := 1
	for _, c := range g.columns {
		n = max(n, len(c))
	}
	return float64(n) * rowHeight
}

func (g *graph) place() {
	h := g.height()
	for _, c := range g.columns {
		for i, n := range c {
			n.y = top + h*(float64(i)+.5)/float64(len(c))
		}
	}
}

// svg draws the graph. It escapes every text from the tree.
func (g *graph) svg() template.HTML {
	var b strings.Builder
	text := func(s string) string { return template.HTMLEscapeString(text.Clean(s)) }
	fmt.Fprintf(&b, `<svg class="graph" data-graph viewBox="0 0 %.0f %.0f" role="group" aria-label="%s">`, width, top+g.height()+8, text(g.label))
	fmt.Fprintf(&b, `<text class="head" x="%.0f" y="16" text-anchor="end">comes from</text><text class="head" x="%.0f" y="16" text-anchor="middle">set</text><text class="head" x="%.0f" y="16">goes to</text>`,
		leftEnd-10, (setLeft+setRight)/2, rightEnd+10)
	for _, e := range g.edges {
		x1, x2 := leftEnd, setLeft
		if g.byName[1][e.from.name] == e.from {
			x1, x2 = setRight, rightEnd
		}
		fmt.Fprintf(&b, `<path data-a="%s" data-b="%s" class="%s" stroke-width="%.1f" d="M%.0f %.1fC%.0f %.1f %.0f %.1f %.0f %.1f"><title>%s → %s: %s</title></path>`,
			e.from.id, e.to.id, e.tone, 1+math.Log2(float64(e.count))/2, x1, e.from.y, (x1+x2)/2, e.from.y, (x1+x2)/2, e.to.y, x2, e.to.y,
			text(e.from.name), text(e.to.name), text(counted(e)))
	}
	for column, nodes := range g.columns {
		for _, n := range nodes {
			fmt.Fprintf(&b, `<g data-node="%s">`, n.id)
			switch column {
			case 0:
				fmt.Fprintf(&b, `<text x="%.0f" y="%.1f" text-anchor="end"><title>%s</title>%s</text>`, leftEnd-10, n.y+4, text(n.name), text(middle(n.name, 58)))
			case 1:
				fmt.Fprintf(&b, `<rect x="%.0f" y="%.1f" width="%.0f" height="%.0f" rx="4"/>`, setLeft, n.y-9, setRight-setLeft, 18.0)
				label := fmt.Sprintf(`<text x="%.0f" y="%.1f" text-anchor="middle"><title>%s</title>%s</text>`, (setLeft+setRight)/2, n.y+4, text(n.name), text(middle(n.name, 26)))
				if n.href != "" {
					label = fmt.Sprintf(`<a href="%s">%s</a>`, text(n.href), label)
				}
				b.WriteString(label)
			case 2:
				fmt.Fprintf(&b, `<text x="%.0f" y="%.1f"><title>%s</title>%s</text>`, rightEnd+10, n.y+4, text(n.name), text(middle(n.name, 58)))
			}
			b.WriteString("</g>")
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // #nosec G203 -- every text in it is escaped where it is written
}

func counted(e *edge) string {
	s := text.Plural(e.count, "mapping")
	switch e.tone {
	case page.Bad:
		s += ", some in conflict"
	case page.Warn:
		s += ", some written twice"
	}
	return s
}

// middle cuts a name in its middle.
func middle(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most/2]) + "…" + string(r[len(r)-most/2+1:])
}
