package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"sigs.k8s.io/prow/pkg/config"
	"sigs.k8s.io/prow/pkg/spyglass/api"
	htmllens "sigs.k8s.io/prow/pkg/spyglass/lenses/html"
	junitlens "sigs.k8s.io/prow/pkg/spyglass/lenses/junit"

	reports "github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/source"
	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// artifact is a file of a job as Prow's lenses are given it.
type artifact struct {
	name string
	data []byte
}

func (a artifact) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(a.data).ReadAt(p, off)
}
func (a artifact) ReadAtMost(n int64) ([]byte, error) {
	return a.data[:min(n, int64(len(a.data)))], nil
}
func (a artifact) ReadAll() ([]byte, error)               { return a.data, nil }
func (a artifact) ReadTail(int64) ([]byte, error)         { return nil, errors.ErrUnsupported }
func (a artifact) Size() (int64, error)                   { return int64(len(a.data)), nil }
func (a artifact) CanonicalLink() string                  { return "https://deck.example/artifacts/" + a.name }
func (a artifact) JobPath() string                        { return "artifacts/" + a.name }
func (a artifact) Metadata() (map[string]string, error)   { return nil, nil }
func (a artifact) UpdateMetadata(map[string]string) error { return errors.ErrUnsupported }

// show has a lens of Prow show a file.
func show(t *testing.T, lens api.Lens, name string, write func(*bytes.Buffer) error) *html.Node {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	pkg := "junit"
	if strings.HasSuffix(name, ".html") {
		pkg = "html"
	}
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "sigs.k8s.io/prow/pkg/spyglass/lenses/"+pkg).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	body := lens.Body([]api.Artifact{artifact{name, b.Bytes()}}, strings.TrimSpace(string(dir)), "", nil, config.Spyglass{})
	return htmltest.Parse(t, body)
}

func attribute(root *html.Node, element, key string) string {
	for _, n := range htmltest.Find(root, element) {
		return htmltest.Attr(n, key)
	}
	return ""
}

// TestProwShowsTheReports gives the reports of mirror-lint to the lenses that
// show them on a job's page.
func TestProwShowsTheReports(t *testing.T) {
	tree, err := load(filepath.Join("..", "..", "testdata", "release"))
	if err != nil {
		t.Fatal(err)
	}
	result := validate.Run(tree, validate.Rules()...)
	if len(result.Findings) < 5 {
		t.Fatalf("%d findings: too few for the test to say much", len(result.Findings))
	}
	const hostile = `<script>alert("x")</script> & "quoted" &lt;b&gt; ' onclick=x`
	result.Findings = append(result.Findings, reports.Finding{Rule: "set-job", Severity: source.Error, Pos: source.Position{File: hostile}, Message: hostile, Hint: hostile})

	t.Run("junit", func(t *testing.T) {
		body := show(t, junitlens.Lens{}, "junit_mirror-lint.xml", func(b *bytes.Buffer) error { return reports.JUnit(b, result, validate.RuleInfos()) })
		shown := htmltest.Words(body)
		for _, f := range result.Findings {
			if text := strings.Join(strings.Fields(f.Message), " "); !strings.Contains(shown, text) {
				t.Errorf("the lens does not show %q", text)
			}
		}
		if strings.Contains(shown, "Flaky") || !strings.Contains(shown, "Failed") || !strings.Contains(shown, "Passed") {
			t.Errorf("the lens shows %.300s", shown)
		}
	})

	t.Run("html", func(t *testing.T) {
		var page bytes.Buffer
		write := func(b *bytes.Buffer) error {
			return reports.HTML(b, result, validate.RuleInfos(), reports.HTMLOptions{Source: tree.Text})
		}
		if err := write(&page); err != nil {
			t.Fatal(err)
		}
		body := show(t, htmllens.Lens{}, "mirror-lint-summary.html", write)
		if shown := htmltest.Words(body); !strings.Contains(shown, "mirror-lint: ") || !strings.Contains(shown, "errors") {
			t.Errorf("the lens has the heading %q", shown)
		}
		if tip := attribute(body, "abbr", "title"); !strings.Contains(tip, "image mirroring") {
			t.Errorf("the lens has the tooltip %q", tip)
		}
		inFrame := htmltest.Words(htmltest.Parse(t, attribute(body, "iframe", "srcdoc")))
		if want := htmltest.Words(htmltest.Parse(t, page.String())); inFrame != want {
			t.Errorf("in the frame:\n%s\nby itself:\n%s", inFrame, want)
		}
		if n := htmltest.Find(htmltest.Parse(t, attribute(body, "iframe", "srcdoc")), "[onclick]"); len(n) > 0 {
			t.Errorf("a name became an attribute of <%s>", n[0].Data)
		}
	})
}
