package lens

import (
	"bytes"
	"os"
	"strings"
	"testing"

	htmllens "sigs.k8s.io/prow/pkg/spyglass/lenses/html"
	junitlens "sigs.k8s.io/prow/pkg/spyglass/lenses/junit"

	reports "github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// TestLintReports passes the reports of mirror-lint to the lenses that
// show them on a job's page.
func TestLintReports(t *testing.T) {
	tree, err := release.Load(os.DirFS("../../../testdata/release"))
	if err != nil {
		t.Fatal(err)
	}
	result := validate.Run(tree, validate.Rules()...)
	if len(result.Findings) < 5 {
		t.Fatalf("%d findings: too few for the test to say much", len(result.Findings))
	}
	const hostile = `<script>alert("x")</script> & "quoted" &lt;b&gt; ' onclick=x`
	result.Findings = append(result.Findings, validate.Finding{Rule: "set-job", Severity: source.Error, Pos: source.Position{File: hostile}, Message: hostile, Hint: hostile})

	t.Run("junit", func(t *testing.T) {
		body := show(t, junitlens.Lens{}, "junit_mirror-lint.xml", func(b *bytes.Buffer) error { return reports.JUnit(b, result, validate.Rules()) })
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
			return reports.HTML(b, result, validate.Rules(), reports.HTMLOptions{Source: tree.Text})
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
