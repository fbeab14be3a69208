package jobgen

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestCases generates from each tree of testdata/cases and compares the result with
// its sections below want/: each changed file, the report, or the error.
// UPDATE=1 writes them.
func TestCases(t *testing.T) {
	names, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(err, names)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree, want := fstest.MapFS{}, map[string]string{}
			kept := archive.Files[:0]
			for _, f := range archive.Files {
				if result, ok := strings.CutPrefix(f.Name, "want/"); ok {
					want[result] = string(f.Data)
					continue
				}
				kept = append(kept, f)
				tree[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			archive.Files = kept
			got, order := results(t, tree, Options{Prune: bytes.Contains(archive.Comment, []byte("flags: prune"))})
			if os.Getenv("UPDATE") != "" {
				for _, k := range order {
					archive.Files = append(archive.Files, txtar.File{Name: "want/" + k, Data: []byte(got[k])})
				}
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// results generates from a tree, checks what must hold for every tree, and
// returns the changes by name, and the names in order.
func results(t *testing.T, tree fstest.MapFS, o Options) (map[string]string, []string) {
	t.Helper()
	got := map[string]string{}
	out, err := Generate(mustLoad(t, tree), o)
	if err != nil {
		var p Problems
		if !errors.As(err, &p) {
			t.Errorf("not a Problems error: %v", err)
		}
		got["error"] = err.Error() + "\n"
		return got, []string{"error"}
	}
	if err := Load(out.Jobs.New, t.TempDir()); err != nil {
		t.Error(err)
	}
	var order []string
	for _, f := range out.All() {
		if f.Changed() {
			got[f.Path] = string(f.New)
			order = append(order, f.Path)
		}
		tree[f.Path] = &fstest.MapFile{Data: f.New}
	}
	var report strings.Builder
	for _, x := range []struct {
		what  string
		names []string
	}{{"added", out.Added}, {"removed", out.Removed}, {"kept", out.Kept}, {"hand-written", out.HandWritten}} {
		for _, name := range x.names {
			fmt.Fprintf(&report, "%s %s\n", x.what, name)
		}
	}
	for _, c := range out.Changed {
		fmt.Fprintf(&report, "changed %s: %s\n", c.Job, strings.Join(c.What, ", "))
	}
	for _, n := range out.Notes {
		fmt.Fprintf(&report, "%s: %v\n", n.Severity, n.Error())
	}
	got["report"] = report.String()
	again, err := Generate(mustLoad(t, tree), o)
	if err != nil {
		t.Fatalf("generating again: %v", err)
	}
	for _, f := range again.All() {
		if f.Changed() {
			t.Errorf("a second run changes %s:\n%s", f.Path, f.Diff())
		}
	}
	return got, append(order, "report")
}
