package mirror_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// TestDuplicates is the table of duplicate destinations: what oc image mirror
// does with the files, in one run for each as in the periodics, and what one
// plan for them has: copies as "SRC>DST", or the error.
func TestDuplicates(t *testing.T) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	const other = "@sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, row := range []struct {
		name    string
		files   []string
		oc      string
		plan    string // copies
		note    string
		refused string
	}{
		{"one source, two destinations", []string{"a/x:1 b/x:1\na/x:1 b/x:2"}, "takes", "a/x:1>b/x:1 a/x:1>b/x:2", "", ""},
		{"the same copy twice", []string{"a/x:1 b/x:1\na/x:1 b/x:1"}, "refuses the file", "a/x:1>b/x:1", "the same copy is also at m0:1:", ""},
		{"the same copy twice in a line", []string{"a/x:1 b/x:1 b/x:1"}, "refuses the file", "a/x:1>b/x:1", "the same copy is also at m0:1:", ""},
		{"the same copy in two files", []string{"a/x:1 b/x:1", "a/x:1 b/x:1"}, "never notices", "a/x:1>b/x:1", "the same copy is also at m0:1:", ""},
		{"many copies in two files", []string{"a/x:1 b/x:1\na/x:2 b/x:2\na/x:3 b/x:3", "a/x:1 b/x:1\na/x:2 b/x:2\na/x:3 b/x:3"}, "never notices", "a/x:1>b/x:1 a/x:2>b/x:2 a/x:3>b/x:3", "the same copy is also at m0:1:7, as are 2 others of these files", ""},
		{"two sources in a file", []string{"a/x:1 b/x:1\na/y:1 b/x:1"}, "refuses the file", "", "", "is written from a/y:1 here and from a/x:1 at m0:1:7"},
		{"two sources in two files", []string{"a/x:1 b/x:1", "a/y:1 b/x:1"}, "never notices: the last one wins", "", "", "is written from a/y:1 here and from a/x:1 at m0:1:7"},
		{"two sources as SRC=DST", []string{"a/x:1=b/x:1 a/y:1=b/x:1"}, "refuses the file", "", "", "is written from a/y:1 here"},
		{"inherited tags", []string{"a/x:1 b/x\na/y:1 b/x:1"}, "refuses the file", "", "", "is written from a/y:1 here"},
		{"docker.io by two names", []string{"a/x:1 docker.io/library/b:1\na/y:1 b:1"}, "takes: the last one wins", "", "", "docker.io/library/b:1 is written from a/y:1 here"},
		{"docker.io's alias", []string{"a/x:1 docker.io/c/b:1\na/y:1 index.docker.io/c/b:1"}, "takes: the last one wins", "", "", "docker.io/c/b:1 is written from a/y:1 here"},
		{"two digests, untagged", []string{"a/x" + digest + " b/x\na/x" + other + " b/x"}, "refuses the file", "a/x" + digest + ">b/x a/x" + other + ">b/x", "", ""},
		{"one digest by two names, to a tag", []string{"a/x" + digest + " b/x:1\na/x:1" + digest + " b/x:1"}, "refuses the file", "a/x" + digest + ">b/x:1", "the same copy is also at", ""},
		{"the destination of one is the source of another", []string{"a/x:1 b/x:1\nb/x:1 c/x:1"}, "takes", "a/x:1>b/x:1 b/x:1>c/x:1", "", ""},
		{"a wildcard and a tag", []string{"a/x:* b/x\na/y:1 b/x:1"}, "refuses the file when the wildcard matches", "a/x:*>b/x:* a/y:1>b/x:1", "", ""}, // known once the tags are listed
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.oc == "" {
				t.Error("what oc does is not said")
			}
			var files []*mapping.File
			for i, text := range row.files {
				files = append(files, mapping.Parse("m"+string(rune('0'+i)), []byte(text+"\n")))
			}
			plan, err := mirror.NewPlan(files, mirror.PlanOptions{})
			var refused *mirror.PlanError
			if row.refused != "" {
				if !errors.As(err, &refused) || !strings.Contains(err.Error(), row.refused) {
					t.Errorf("got %v, want %s", err, row.refused)
				}
				plan, err = mirror.NewPlan(files, mirror.PlanOptions{AllowOverlap: true})
				if err != nil || len(plan.Groups) != 1 || !strings.HasSuffix(plan.Groups[0].Source.Repository, "y") {
					t.Errorf("with overlap allowed the last one does not win: %+v, %v", plan, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var copies []string
			for _, g := range plan.Groups {
				for _, target := range g.Targets {
					copies = append(copies, target.Source.Exact()+">"+target.Destination.Exact())
				}
			}
			if got := strings.Join(copies, " "); got != row.plan {
				t.Errorf("got %s, want %s", got, row.plan)
			}
			if row.note == "" && len(plan.Notes) > 0 || row.note != "" && (len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0].Message, row.note)) {
				t.Errorf("notes: %v, want %q", plan.Notes, row.note)
			}
		})
	}
}
