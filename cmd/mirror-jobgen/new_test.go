package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// TestNewSetPassesLint creates sets in the example repository. If everything they
// need exists, mirror-lint finds nothing. Otherwise the printed steps fix all its
// findings.
func TestNewSetPassesLint(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/release")); err != nil {
		t.Fatal(err)
	}
	add := func(file, text string) {
		t.Helper()
		name := filepath.Join(dir, filepath.FromSlash(file))
		old, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		writeFile(t, name, string(old)+text)
	}
	lint := func() *validate.Result {
		t.Helper()
		tree, err := release.Load(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		return validate.Run(tree, validate.Rules()...)
	}
	fresh := func(known validate.Known) []string {
		t.Helper()
		result := lint()
		known.New(result)
		var rules []string
		for _, f := range result.Findings {
			rules = append(rules, f.Severity.String()+" "+f.Rule)
		}
		slices.Sort(rules)
		return rules
	}
	start := func(o jobgen.NewOptions) *jobgen.NewSet {
		t.Helper()
		tree, err := load(dir)
		if err != nil {
			t.Fatal(err)
		}
		set, err := jobgen.New(tree, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(dir, append(set.Files, set.Generated.All()...)); err != nil {
			t.Fatal(err)
		}
		return set
	}

	add("core-services/ci-secret-bootstrap/_config.yaml", "- from:\n    config.json: {field: push-credentials, item: quay.io/ready}\n"+
		"  to:\n  - {cluster: app.ci, name: registry-push-credentials-quay.io-ready, namespace: ci}\n")
	tree, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := jobgen.Generate(tree, jobgen.Options{}) // one set of the example waits for its job
	if err != nil {
		t.Fatal(err)
	}
	if err := write(dir, jobs.All()); err != nil {
		t.Fatal(err)
	}
	known := validate.KnownOf(lint())
	set := start(jobgen.NewOptions{Name: "ready", Approvers: []string{"alice"},
		Sources: []string{"registry.ci.openshift.org/webshop/latest:frontend"}, Destinations: []string{"quay.io/ready/frontend:latest"}})
	if got := fresh(known); len(got) > 0 {
		t.Errorf("everything is there, and mirror-lint finds %v", got)
	}
	if len(set.Todo) != 2 { // the pull request, and a look at what came of it
		t.Errorf("everything is there, and there is something to do: %v", set.Todo)
	}

	set = start(jobgen.NewOptions{Name: "new-team", Approvers: []string{"alice"},
		Sources: []string{"registry.ci.openshift.org/team/stream:app"}, Destinations: []string{"quay.io/new-team/app:latest"}})
	want := []string{"warning job-secret", "warning source-access", "warning source-unpromoted"}
	if got := fresh(known); !slices.Equal(got, want) {
		t.Errorf("nothing is there: got %v, want %v", got, want)
	}
	for _, step := range set.Todo {
		switch snippet := snippet(step.Text); {
		case strings.HasPrefix(step.Title, "Promote "):
			add("ci-operator/config/team/app/team-app-main.yaml", "images:\n- dockerfile_path: Dockerfile\n  to: app\n"+snippet)
		case strings.HasPrefix(step.Title, "Allow ci-operator "):
			add("clusters/app.ci/team/roles.yaml", snippet)
		case strings.HasPrefix(step.Title, "Create the secret "):
			add("core-services/ci-secret-bootstrap/_config.yaml", snippet)
		}
	}
	if got := fresh(known); len(got) > 0 {
		t.Errorf("all steps are done, and mirror-lint finds %v", got)
	}
}

// snippet returns the lines of a step to copy.
func snippet(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			b.WriteString(code)
		}
	}
	return b.String()
}
