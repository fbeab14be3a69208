package validate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
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
		want       []string // the expected rules
	}{
		{"nothing is ignored", head + twice, []string{"duplicate-destination"}},
		{"the line above", head + "a.io/b/c:1 d.io/b/c:1\n# mirror-lint:ignore duplicate-destination both are the same image\na.io/b/d:1 d.io/b/c:1\n", nil},
		{"the same line", head + "a.io/b/c:1 d.io/b/c:1\na.io/b/d:1 d.io/b/c:1 # mirror-lint:ignore duplicate-destination,mapping-syntax why not\n", []string{"ignore-comment"}},
		{"too far above", head + "# mirror-lint:ignore duplicate-destination why not\n" + twice, []string{"ignore-comment", "duplicate-destination"}},
		{"without a reason", head + "a.io/b/c:1 d.io/b/c:1\na.io/b/d:1 d.io/b/c:1 # mirror-lint:ignore duplicate-destination\n", []string{"ignore-comment", "duplicate-destination"}},
		{"a finding without a line", head + "# mirror-lint:ignore mapping-syntax filled later\n", nil},
		{"several rules with blanks", head + "a.io/b/c:1 d.io/b/c:1\na.io/b/d:1 d.io/b/c:1 # mirror-lint:ignore mapping-syntax , duplicate-destination why not\n", []string{"ignore-comment"}},
		{"the whole file", head + "# mirror-lint:ignore duplicate-destination all of it is old\n\n" + twice, nil},
		{"the whole file, but no empty line", head + "# mirror-lint:ignore duplicate-destination all of it is old\n" + twice, []string{"ignore-comment", "duplicate-destination"}},
		{"two lines above", head + "a.io/b/c:1 d.io/b/c:1\n# mirror-lint:ignore duplicate-destination why\n# more of why\na.io/b/d:1 d.io/b/c:1\n", nil},
		{"the end of the line above", head + "a.io/b/c:1 d.io/b/c:1 # mirror-lint:ignore duplicate-destination why\na.io/b/d:1 d.io/b/c:1\n", []string{"ignore-comment", "duplicate-destination"}},
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

// The findings of a skipped rule are unknown, so its comments are not unused.
func TestIgnoresOfSkippedRules(t *testing.T) {
	const text = "-- core-services/image-mirroring/team/mapping_team --\n" +
		"registry.ci.openshift.org/team/s:a d.io/b/c:1 # mirror-lint:ignore source-unpromoted pushed by hand\n"
	result := lint(t, text, "source-unpromoted", "ignore-comment")
	if len(result.Findings) > 0 || len(result.Skipped) != 1 {
		t.Errorf("findings %v, skipped %v", result.Findings, result.Skipped)
	}
}

// A comment suppresses a finding with several places only at its own place.
func TestIgnoreOnePlaceOfSeveral(t *testing.T) {
	const config = "-- ci-operator/config/o/r/o-r-main.yaml --\nimages: [{to: a}]\npromotion: {namespace: other, name: s}\n" +
		"-- core-services/image-mirroring/team/mapping_team --\n"
	const one = "registry.ci.openshift.org/team/s:a d.io/b/a:1 # mirror-lint:ignore source-unpromoted pushed by hand\n"
	for text, want := range map[string]string{
		one: "",
		one + "registry.ci.openshift.org/team/s:b d.io/b/b:1\n":                                                    "nothing promotes, publishes or mirrors registry.ci.openshift.org/team/s:b",
		"# mirror-lint:ignore source-unpromoted pushed by hand\n\nregistry.ci.openshift.org/team/s:b d.io/b/b:1\n": "",
	} {
		var got string
		for _, f := range lint(t, config+text, "source-unpromoted", "ignore-comment").Findings {
			got += f.Message
		}
		if got != want {
			t.Errorf("%s\ngot %q, want %q", text, got, want)
		}
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
	known.Stale(moved, "baseline.json", release.DefaultSettings(release.DefaultLayout()))
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
	known.Stale(gone, "baseline.json", release.DefaultSettings(release.DefaultLayout()))
	if len(gone.Findings) != 1 || gone.Findings[0].Rule != "baseline-stale" || gone.Findings[0].Severity != source.Warning {
		t.Errorf("a stale entry: %v", gone.Findings)
	}
	for _, bad := range []string{"", "[]", `{"version": 1}`, `{"version": 3}`} {
		if _, err := validate.ReadKnown([]byte(bad)); err == nil {
			t.Errorf("%q was read as a baseline", bad)
		}
	}
}

// TestKnownByParts checks that a finding for several problems is new if one of
// them is, but not if one disappears.
func TestKnownByParts(t *testing.T) {
	const head = "-- ci-operator/config/o/r/o-r-main.yaml --\nimages: [{to: a}, {to: b}]\npromotion: {namespace: team, name: s}\n" +
		"-- core-services/image-mirroring/team/mapping_team --\n"
	line := func(tag string) string { return "registry.ci.openshift.org/team/s:" + tag + " d.io/b/" + tag + ":1\n" }
	before := lint(t, head+line("a")+line("x")+line("y"), "source-unpromoted")
	for text, want := range map[string]int{
		line("a") + line("x") + line("y"):             0,
		line("a") + line("b") + line("x") + line("y"): 0,
		line("a") + line("y"):                         0,
		line("a") + line("x") + line("z"):             1,
	} {
		after := lint(t, head+text, "source-unpromoted")
		validate.KnownOf(before).New(after)
		if len(after.Findings) != want {
			t.Errorf("%s: %v, want %d", text, after.Findings, want)
		}
	}
	stale := lint(t, head+line("a")+line("y"), "source-unpromoted")
	validate.KnownOf(before).Stale(stale, "baseline.json", release.DefaultSettings(release.DefaultLayout()))
	if len(stale.Findings) != 2 || !strings.Contains(stale.Findings[0].Message, "1 of 2 problems of a finding in the baseline no longer exists: core-services/image-mirroring/team/mapping_team: nothing promotes") {
		t.Errorf("stale: %v", stale.Findings)
	}
}

// A baseline is readable: one line for each cause, in order, with a count.
func TestBaselineLines(t *testing.T) {
	text := ""
	for i := range 12 {
		text += fmt.Sprintf("-- core-services/image-mirroring/team/mapping_team_%d --\na.io/a:%[1]d  d.io/a:%[1]d\ndocker.io/b/b:%[1]d d.io/b:%[1]d\n", i)
	}
	text += "-- core-services/image-mirroring/other/mapping_other --\na.io/b/c:1 d.io/b/c:1\na.io/b/c:1 d.io/b/c:1\n"
	result := lint(t, text, "mapping-format", "reference-registry", "duplicate-destination")
	var file bytes.Buffer
	if err := validate.KnownOf(result).Write(&file); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(file.String(), "\n")
	if len(result.Findings) != 25 || len(lines) != 6 {
		t.Fatalf("%d findings in %d lines:\n%s", len(result.Findings), len(lines), &file)
	}
	for i, want := range []string{
		`{"rule":"duplicate-destination","file":"core-services/image-mirroring/other/mapping_other","message":"d.io/b/c:1 is named twice, `,
		`{"rule":"mapping-format","file":"core-services/image-mirroring/team","message":"12 lines have white space that mirror-lint --fix tidies","count":12,`,
		`{"rule":"reference-registry","file":"core-services/image-mirroring/team","message":"12 images are pulled from Docker Hub, which limits anonymous pulls","count":12,`,
	} {
		if !strings.HasPrefix(lines[i+1], want) {
			t.Errorf("line %d: %s\nwant %s", i+1, lines[i+1], want)
		}
	}
	known, err := validate.ReadKnown(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	more := lint(t, text+"-- core-services/image-mirroring/team/mapping_team_new --\ndocker.io/b/new:1 d.io/new:1\n", "mapping-format", "reference-registry", "duplicate-destination")
	known.New(more)
	if len(more.Findings) != 1 || more.Findings[0].Pos.File != "core-services/image-mirroring/team/mapping_team_new" {
		t.Errorf("one more of a known cause: %v", more.Findings)
	}
}
