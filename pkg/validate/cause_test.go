package validate_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

func TestGroupByCause(t *testing.T) {
	at := func(file, message, cause string, severity source.Severity) validate.Finding {
		return validate.Finding{Rule: "r", Severity: severity, Pos: source.Position{File: file}, Message: message, Hint: "mend " + file,
			Cause: validate.Cause{ID: cause, Summary: "{n} files are wrong", Hint: "mend them"}}
	}
	groups := validate.GroupByCause([]validate.Finding{
		at("a", "a is wrong", "c", source.Error), at("b", "alone", "", source.Error),
		at("d", "d is wrong", "c", source.Error), at("e", "e is wrong", "c", source.Warning),
	})
	var got []string
	for _, g := range groups {
		got = append(got, g.Message()+"; "+g.Hint())
	}
	want := []string{"2 files are wrong; mend them", "alone; mend b", "e is wrong; mend e"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if groups[0].ID != groups[2].ID || groups[0].ID == groups[1].ID {
		t.Errorf("causes %q, %q, %q", groups[0].ID, groups[1].ID, groups[2].ID)
	}
}

// Rules are for programs, too, which must not pay for pages.
func TestNoTemplates(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if dep == "html/template" {
			t.Errorf("pkg/validate depends on %s", dep)
		}
	}
}
