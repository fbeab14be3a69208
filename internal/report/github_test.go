package report

import (
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func TestGitHub(t *testing.T) {
	r := &validate.Result{Findings: []validate.Finding{
		{Rule: "set-job", Severity: source.Warning, Pos: source.Position{File: "a,b:c"}, Message: "50%"},
		{Rule: "mapping-name", Severity: source.Error, Pos: source.Position{File: "d", Line: 3, Column: 5}, Message: "wrong", Hint: "mend it"},
	}}
	var b strings.Builder
	if err := GitHub(&b, r); err != nil {
		t.Fatal(err)
	}
	want := "::error file=d,line=3,col=5,title=mapping-name::wrong%0Ahint: mend it\n" +
		"::warning file=a%2Cb%3Ac,title=set-job::50%25\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
