package validate_test

import (
	"bytes"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func lint(t *testing.T, text string, ids ...string) *validate.Result {
	t.Helper()
	tree, err := validate.ExampleTree(text)
	if err != nil {
		t.Fatal(err)
	}
	var rules []validate.Rule
	for _, id := range ids {
		r, ok := validate.Lookup(id)
		if !ok {
			t.Fatalf("no rule %s", id)
		}
		rules = append(rules, r)
	}
	return validate.Run(tree, rules...)
}

func TestIgnores(t *testing.T) {
	const head = "-- core-services/image-mirroring/team/mapping_team --\n"
	const twice = "a.io/b/c:1 d.io/b/c:1\na.io/b/d:1 d.io/b/c:1\n"
	for _, tt := range []struct {
		name, text string
		want       []string // the rules that are reported
	}{
		{"nothing is ignored", head + twice, []string{"duplicate-destination"}},
		{"the line above", head + "a.io/b/c:1 d.io/b/c:1\n# mirror-lint:ignore duplicate-destination both are the same image\na.io/b/d:1 d.io/b/c:1\n", nil},
		{"the same line", head + "a.io/b/c:1 d.io/b/c:1\na.io/b/d:1 d.io/b/c:1 # mirror-lint:ignore duplicate-destination,mapping-syntax why not\n", []string{"ignore-comment"}},
		{"too far above", head + "# mirror-lint:ignore duplicate-destination why not\n" + twice, []string{"ignore-comment", "duplicate-destination"}},
		{"without a reason", head + "a.io/b/c:1 d.io/b/c:1\na.io/b/d:1 d.io/b/c:1 # mirror-lint:ignore duplicate-destination\n", []string{"ignore-comment", "duplicate-destination"}},
		{"a finding without a line", head + "# mirror-lint:ignore mapping-syntax filled later\n", nil},
		{"not in the head", head + "a.io/b/c:1 d.io/b/c:1 # mirror-lint:ignore mapping-syntax no\n", []string{"ignore-comment"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			result := lint(t, tt.text, "mapping-syntax", "duplicate-destination", "ignore-comment")
			var got []string
			for _, f := range result.Findings {
				got = append(got, f.Rule)
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %v: %v", got, tt.want, result.Findings)
			}
			for i := range got {
				if !contains(got, tt.want[i]) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func TestBaseline(t *testing.T) {
	const text = "-- core-services/image-mirroring/team/mapping_team --\na.io/b/c:1 d.io/b/c:1\na.io/b/c:1 d.io/b/c:1\n"
	result := lint(t, text, "duplicate-destination")
	var file bytes.Buffer
	if err := validate.KnownOf(result).Write(&file); err != nil {
		t.Fatal(err)
	}
	known, err := validate.ReadKnown(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	moved := lint(t, "-- core-services/image-mirroring/team/mapping_team --\n# a comment\na.io/b/c:1 d.io/b/c:1\na.io/b/c:1 d.io/b/c:1\n", "duplicate-destination")
	known.Stale(moved, "baseline.json")
	known.New(moved)
	if len(moved.Findings) != 0 {
		t.Errorf("a finding that only moved is new: %v", moved.Findings)
	}
	more := lint(t, text+"a.io/b/c:1 d.io/b/c:1\n", "duplicate-destination")
	known.New(more)
	if len(more.Findings) != 1 || more.Findings[0].Pos.Line != 3 {
		t.Errorf("a further finding of the same kind: %v", more.Findings)
	}
	gone := lint(t, "-- core-services/image-mirroring/team/mapping_team --\na.io/b/c:1 d.io/b/c:1\n", "duplicate-destination")
	known.Stale(gone, "baseline.json")
	if len(gone.Findings) != 1 || gone.Findings[0].Rule != "baseline-stale" || gone.Findings[0].Severity != source.Warning {
		t.Errorf("a stale entry: %v", gone.Findings)
	}
	for _, bad := range []string{"", "[]", `{"version": 2}`} {
		if _, err := validate.ReadKnown([]byte(bad)); err == nil {
			t.Errorf("%q was read as a baseline", bad)
		}
	}
}
