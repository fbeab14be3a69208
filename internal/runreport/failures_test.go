package runreport

import (
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// A registry that does not exist, and whose name is nearly that of all others,
// is probably that one.
func TestDidYouMean(t *testing.T) {
	report := func(names ...string) *mirror.Report {
		r := &mirror.Report{}
		for _, n := range names {
			r.Entries = append(r.Entries, mirror.Entry{Source: "registry.example/a:1", Destination: n + "/b/c:1", Outcome: mirror.Unchanged})
		}
		r.Entries[0].Outcome, r.Entries[0].Error = mirror.Unknown, "no such host"
		r.Entries[0].Cause, r.Entries[0].Host = mirror.CauseAddress, names[0]
		return r
	}
	for _, tt := range []struct {
		names []string
		want  string
	}{
		{[]string{"quai.io", "quay.io", "quay.io"}, "did you mean quay.io, as 2 other references? check the"},
		{[]string{"quai.io", "elsewhere.example", "elsewhere.example"}, "check the name"},
		{[]string{"quai.io", "quai.io", "quay.io"}, "check the name"},
	} {
		f := Failures(report(tt.names...))
		if len(f) != 1 || !strings.HasPrefix(f[0].Hint, tt.want) {
			t.Errorf("%v: %+v, want %s", tt.names, f, tt.want)
		}
	}
}

// What a setting can change gets a hint that names the flag.
func TestHintsNameFlags(t *testing.T) {
	for reason, flag := range map[string]string{
		mirror.ReasonTokenHost: "--token-endpoint",
		mirror.ReasonBlobSize:  "--max-blob-bytes",
		mirror.ReasonMemory:    "--max-per-registry",
		mirror.ReasonLogin:     "--registry-config",
		mirror.ReasonPlatforms: "--filter-by-os",
	} {
		f := Failures(&mirror.Report{Entries: []mirror.Entry{{Outcome: mirror.Failed, Error: "no", Cause: mirror.CauseOther, Reason: reason}}})
		if len(f) != 1 || !strings.Contains(f[0].Hint, flag) {
			t.Errorf("%s: %+v, want a hint with %s", reason, f, flag)
		}
	}
}
