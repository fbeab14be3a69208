package validate

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Known are findings in a baseline. They do not depend on lines, so that they
// stay known when lines move.
type Known struct {
	causes []knownCause
}

// knownCause is a cause with its known problems.
type knownCause struct {
	Rule    string `json:"rule"`
	File    string `json:"file"` // the file, or the common folder of all files
	Message string `json:"message"`
	Count   int    `json:"count"` // number of findings
	// Keys are the keys of the problems, separated by blanks.
	Keys string `json:"keys"`
}

func baselineStale() Rule {
	key := problem{"set-mapping", "core-services/image-mirroring/team", "the set team has no mapping file"}.key()
	known := "-- " + exampleBaseline + ` --
{"version": 2, "findings": [
{"rule": "set-mapping", "file": "core-services/image-mirroring/team", "message": "the set team has no mapping file", "count": 1, "keys": "` + key + `"}
]}
`
	const file = "core-services/image-mirroring/team/"
	return Rule{
		ID:    "baseline-stale",
		Title: "a baseline entry whose finding no longer exists",
		Why: "A baseline hides old findings until somebody fixes them. A stale entry would hide the same mistake " +
			"when it comes back.",
		Fix:      "Write the baseline again: mirror-lint --baseline FILE --write-baseline.",
		Severity: source.Warning,
		Bad:      known + "-- " + file + "mapping_team --\nregistry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n",
		Good:     known + "-- " + file + "OWNERS --\napprovers: [alice]\n",
		Check:    func(*Pass) {}, // it needs a baseline: see Known.Stale
	}
}

// problem identifies one problem: two findings with the same one are equal.
type problem struct{ rule, file, text string }

// problemsOf returns the problems of a finding: its message with its file, or
// its parts, which do not depend on the file.
func problemsOf(f Finding) []problem {
	if len(f.Parts) == 0 {
		return []problem{{f.Rule, f.Pos.File, f.Message}}
	}
	var all []problem
	for _, part := range f.Parts {
		all = append(all, problem{f.Rule, "", part})
	}
	return all
}

// key is a short hash of a problem.
func (p problem) key() string {
	const letters = 6 // 30 bits are enough: a baseline has some thousand keys
	sum := sha256.Sum256([]byte(p.rule + "\x00" + p.file + "\x00" + p.text))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:letters]
}

// keysOf returns the keys of a finding.
func keysOf(f Finding) []string {
	var keys []string
	for _, p := range problemsOf(f) {
		keys = append(keys, p.key())
	}
	return keys
}

// KnownOf returns the findings of a result as Known.
func KnownOf(r *Result) Known {
	var k Known
	for _, g := range GroupByCause(r.Findings) {
		all := slices.Concat(g.Findings, g.Consequences)
		c := knownCause{Rule: g.First().Rule, File: g.First().Pos.File, Message: g.Message(), Count: len(all)}
		var keys []string
		for _, f := range all {
			c.File = commonPath(c.File, f.Pos.File)
			keys = append(keys, keysOf(f)...)
		}
		slices.Sort(keys)
		c.Keys = strings.Join(keys, " ")
		k.causes = append(k.causes, c)
	}
	slices.SortStableFunc(k.causes, func(a, b knownCause) int {
		return cmp.Or(text.Natural(a.File, b.File), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	return k
}

// commonPath returns the common file or folder of two paths.
func commonPath(a, b string) string {
	for a != b && !strings.HasPrefix(b, a+"/") {
		dir := path.Dir(a)
		if dir == a {
			return a
		}
		a = dir
	}
	return a
}

// counts returns the number of known findings of each problem.
func (k Known) counts() tally {
	t := tally{}
	for _, c := range k.causes {
		for key := range strings.FieldsSeq(c.Keys) {
			t[key]++
		}
	}
	return t
}

// tally counts problems by their keys.
type tally map[string]int

// take counts down the known keys of a finding and returns the indexes of its
// unknown ones.
func (t tally) take(keys []string) []int {
	var fresh []int
	for i, key := range keys {
		if t[key]--; t[key] < 0 {
			fresh = append(fresh, i)
		}
	}
	return fresh
}

// New removes the findings that are known in all their parts. Of several equal
// findings it removes as many as are known.
func (k Known) New(r *Result) {
	left := k.counts()
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return len(left.take(keysOf(f))) == 0 })
}

// Stale adds a warning for every known cause that has fewer findings in the
// result. file is the name of the baseline; settings may change the severity.
// Call it before [Known.New].
func (k Known) Stale(r *Result, file string, settings *release.Settings) {
	have, rule := KnownOf(r).counts(), baselineStale()
	severity, wanted := settings.SeverityOf(rule.ID, file, rule.Severity)
	if !wanted {
		return
	}
	for _, c := range k.causes {
		gone, all := 0, strings.Fields(c.Keys)
		for _, key := range all {
			if have[key]--; have[key] < 0 {
				gone++
			}
		}
		message := "the baseline lists a finding that no longer exists"
		switch {
		case gone == 0:
			continue
		case gone < len(all):
			message = fmt.Sprintf("%d of %d problems of a finding in the baseline no longer exist", gone, len(all))
			if gone == 1 {
				message += "s"
			}
		}
		r.Findings = append(r.Findings, Finding{
			Rule: rule.ID, Severity: severity, Pos: source.Position{File: file},
			Message: fmt.Sprintf("%s: %s: %s [%s]", message, c.File, c.Message, c.Rule),
			Hint:    "write the baseline again",
		})
	}
	r.Sort()
}

// baselineVersion is the version of the file format.
const baselineVersion = 2

// Write writes a baseline file with a line for each cause, in order.
func (k Known) Write(w io.Writer) error {
	lines := make([]string, len(k.causes))
	for i, c := range k.causes {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(c); err != nil {
			return err
		}
		lines[i] = "\n" + strings.TrimSuffix(b.String(), "\n")
	}
	_, err := fmt.Fprintf(w, "{\"version\": %d, \"findings\": [%s\n]}\n", baselineVersion, strings.Join(lines, ","))
	return err
}

// ReadKnown reads a baseline file.
func ReadKnown(data []byte) (Known, error) {
	var doc struct {
		Version  int          `json:"version"`
		Findings []knownCause `json:"findings"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return Known{}, fmt.Errorf("not a baseline: %w", err)
	}
	if doc.Version != baselineVersion {
		return Known{}, fmt.Errorf("the baseline has version %d, this program reads version %d: write it again with --write-baseline", doc.Version, baselineVersion)
	}
	return Known{doc.Findings}, nil
}
