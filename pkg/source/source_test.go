package source_test

import (
	"encoding/json"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func TestPosition(t *testing.T) {
	for want, p := range map[string]source.Position{
		"f": {File: "f"}, "f:3": {File: "f", Line: 3}, "f:3:7": {File: "f", Line: 3, Column: 7},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	a, b := source.Position{File: "a", Line: 9}, source.Position{File: "a", Line: 10}
	if a.Compare(b) >= 0 || b.Compare(a) <= 0 || a.Compare(a) != 0 {
		t.Error("line 9 does not come before line 10")
	}
}

func TestSeverity(t *testing.T) {
	for _, s := range []source.Severity{source.Error, source.Warning, source.Info} {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back source.Severity
		if err := json.Unmarshal(data, &back); err != nil || back != s {
			t.Errorf("%s became %v, %v", data, back, err)
		}
	}
	if _, err := source.ParseSeverity("fatal"); err == nil {
		t.Error("an unknown severity was taken")
	}
}
