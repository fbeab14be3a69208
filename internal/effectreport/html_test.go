package effectreport

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

// One large change leaves room for the others: a group shows its first items, and
// every number at the top leads to its section.
func TestHTMLOfManyChanges(t *testing.T) {
	const many = 500
	e := &effects.Effect{ConfigMap: &effects.ConfigMap{Name: "mappings", Before: 2, After: 1, Limit: 9, Gone: []string{"mapping_shop"}}}
	for i := range many {
		e.Destinations = append(e.Destinations, effects.Destination{
			Name: fmt.Sprintf("quay.io/shop/a:%d", i), Change: effects.Gone, Set: "shop",
			Before: []effects.Writer{{Place: effects.Place{File: "mapping_shop", Line: i + 1}, Set: "shop", Source: "quay.io/up/a:1"}},
		})
	}
	var b bytes.Buffer
	if err := HTML(&b, Change{Effect: e}, "v1"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "<li data-item>"); got < many {
		t.Errorf("%d items of %d", got, many)
	}
	if shown, _, ok := strings.Cut(b.String(), fmt.Sprintf("<summary>%d more</summary>", many-fewItems)); !ok || strings.Count(shown, "<li data-item>") != fewItems {
		t.Errorf("%d items before the others, want %d", strings.Count(shown, "<li data-item>"), fewItems)
	}
	links := 0
	for _, a := range htmltest.Find(htmltest.Parse(t, b.String()), "[href]") {
		if id, ok := strings.CutPrefix(htmltest.Attr(a, "href"), "#changes-"); ok {
			links++
			if !strings.Contains(b.String(), `id="changes-`+id+`"`) {
				t.Errorf("a number leads to the section %s, which is not there", id)
			}
		}
	}
	if links < 2 {
		t.Errorf("%d numbers lead to a section", links)
	}
}
