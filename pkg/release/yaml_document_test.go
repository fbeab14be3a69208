package release

import (
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	prowyaml "sigs.k8s.io/yaml"
)

// Merge keys have the same result as in Prow's reader.
func TestMergedAsProwReads(t *testing.T) {
	for _, text := range []string{
		"a: &a {x: 1, w: 2}\nb: {<<: *a, w: 3}\n",
		"a: &a {x: 1}\nb: {x: 2, <<: *a}\n",
		"a: &a {x: 1}\nb: &b {x: 2, w: 3}\nc: {<<: [*a, *b]}\n",
		"a: &a {x: 1}\nb: &b {<<: *a, w: 2}\nc: {<<: *b, z: 3}\n",
		"a: &a {x: {w: 1}}\nb: {<<: *a}\n",
		"a: {\"<<\": 1}\n",
		"- &a {x: 1}\n- <<: *a\n  z: [*a]\n",
	} {
		doc := parseYAML("f", []byte(text))
		if len(doc.problems) > 0 {
			t.Errorf("%q: %v", text, doc.problems)
			continue
		}
		var got, want any
		if err := doc.root.Decode(&got); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if err := prowyaml.Unmarshal([]byte(text), &want); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
			t.Errorf("%q gives %s, Prow reads %s", text, g, w)
		}
	}
}

func TestDocumentProblems(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n---\n# nothing\n":       "",
		"# head\n---\na: 1\n...\n":     "",
		"a: 1\n---\nb: 2\n":            "f:2:1: a second YAML document begins here",
		"a: 1\n---\nb: [\n":            "f:2:1: a second YAML document begins here",
		"a: 1\nb:\n  c: 1\n  c: 2\n":   "f:4:3: the key c is given twice: the last one counts (first on line 3)",
		"a: {<<: text}\n":              "f:1:9: only a mapping can be merged",
		"a: &a {x: 1}\nb: {<<: [1]}\n": "f:2:10: only a mapping can be merged",
		"a: [\n":                       "the file is not valid YAML",
		"a: \x00\n":                    "f:1: the file is not text",
	} {
		doc := parseYAML("f", []byte(text))
		var got []string
		for _, p := range doc.problems {
			got = append(got, p.Error())
		}
		if all := strings.Join(got, "; "); want == "" && all != "" || !strings.Contains(all, want) || len(got) > 1 {
			t.Errorf("%q: %q, want %q", text, all, want)
		}
	}
}

// The last value of a duplicate key counts.
func TestDocumentKeyTwice(t *testing.T) {
	doc := parseYAML("f", []byte("a: 1\nb: 2\n\"a\": 3\nc: 4\na: 5\n"))
	if got := Text(Child(doc.root, "a")); got != "5" || len(doc.root.Content) != 6 {
		t.Errorf("a is %s of %d nodes, want 5 of 6", got, len(doc.root.Content))
	}
	if len(doc.problems) != 2 || doc.problems[1].First.Line != 3 {
		t.Errorf("problems %v, want two", doc.problems)
	}
}

// Merging a mapping into itself or many times over terminates.
func FuzzDocument(f *testing.F) {
	f.Add("a: &a\n  <<: *a\n  x: 1\n")
	f.Add("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b], <<: *a}\n")
	f.Add("- &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		doc := parseYAML("f", []byte(text))
		if doc.broken && doc.root != nil {
			t.Error("a broken document has a value")
		}
		for _, p := range doc.problems {
			if p.Pos.File != "f" || p.Message == "" {
				t.Errorf("a problem without a place or a text: %+v", p)
			}
		}
		if doc.root == nil {
			return
		}
		seen := map[*yaml.Node]bool{}
		var walk func(n *yaml.Node)
		walk = func(n *yaml.Node) {
			if seen[n] {
				return
			}
			seen[n] = true
			for i, c := range n.Content {
				if n.Kind == yaml.MappingNode && i%2 == 0 && c.Tag == "!!merge" && len(doc.problems) == 0 {
					t.Errorf("a merge key is left at line %d", c.Line)
				}
				walk(c)
			}
		}
		walk(doc.root)
	})
}
