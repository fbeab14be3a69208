package validate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Known counts findings that are known already: not by line, so that they stay
// known when lines move.
type Known map[KnownKey]int

// KnownKey is what makes two findings the same.
type KnownKey struct {
	Rule    string `json:"rule"`
	File    string `json:"file"`
	Message string `json:"message"`
}

func baselineStale() Rule {
	const known = "-- " + exampleBaseline + ` --
{"version": 1, "findings": [{"rule": "set-mapping", "file": "core-services/image-mirroring/team",
  "message": "the set team has no mapping file", "count": 1}]}
`
	const file = "core-services/image-mirroring/team/"
	return Rule{
		ID:    "baseline-stale",
		Title: "a finding that the baseline knows and that is gone",
		Why: "A baseline keeps old findings quiet until somebody mends them. An entry that is left over would keep the same mistake quiet " +
			"when it comes back.",
		Fix:      "Write the baseline again: mirror-lint --baseline FILE --write-baseline.",
		Severity: source.Warning,
		Bad:      known + "-- " + file + "mapping_team --\nregistry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n",
		Good:     known + "-- " + file + "OWNERS --\napprovers: [alice]\n",
		Check:    func(*Pass) {}, // it takes a baseline: see Known.Stale
	}
}

// keysOf gives what a finding is known by: its file and message, or each of its
// parts, which do not depend on the file.
func keysOf(f Finding) []KnownKey {
	if len(f.Parts) == 0 {
		return []KnownKey{{f.Rule, f.Pos.File, f.Message}}
	}
	var keys []KnownKey
	for _, part := range f.Parts {
		keys = append(keys, KnownKey{f.Rule, "", part})
	}
	return keys
}

// KnownOf counts the findings of a result; one that stands for several problems
// counts as each of them.
func KnownOf(r *Result) Known {
	k := Known{}
	for _, f := range r.Findings {
		for _, key := range keysOf(f) {
			k[key]++
		}
	}
	return k
}

// New leaves only the findings that are not known, or not in all their parts;
// of several equal ones as many as there are more than known.
func (k Known) New(r *Result) {
	left := Known{}
	for key, n := range k {
		left[key] = n
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool {
		known := true
		for _, key := range keysOf(f) {
			left[key]--
			known = known && left[key] >= 0
		}
		return known
	})
}

// Stale adds a warning to the result for every known finding that it does not
// have (any more); file is that of the baseline, settings may change how bad that
// is. Call it before [Known.New].
func (k Known) Stale(r *Result, file string, settings *release.Settings) {
	have, rule := KnownOf(r), baselineStale()
	severity, wanted := settings.SeverityOf(rule.ID, file, rule.Severity)
	if !wanted {
		return
	}
	for _, key := range k.keys() {
		if n := k[key] - have[key]; n > 0 {
			r.Findings = append(r.Findings, Finding{
				Rule: rule.ID, Severity: severity, Pos: source.Position{File: file},
				Message: fmt.Sprintf("the baseline knows a finding that is gone: %s: %s [%s]", key.File, key.Message, key.Rule),
				Hint:    "write the baseline again",
			})
		}
	}
	r.Sort()
}

func (k Known) keys() []KnownKey {
	keys := make([]KnownKey, 0, len(k))
	for key := range k {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b KnownKey) int {
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	return keys
}

type baselineFile struct {
	Version  int             `json:"version"`
	Findings []baselineEntry `json:"findings"`
}

type baselineEntry struct {
	KnownKey
	Count int `json:"count"`
}

// Write writes the known findings as a baseline file, in order.
func (k Known) Write(w io.Writer) error {
	doc := baselineFile{Version: 1, Findings: []baselineEntry{}}
	for _, key := range k.keys() {
		doc.Findings = append(doc.Findings, baselineEntry{key, k[key]})
	}
	return text.JSON(w, doc)
}

// ReadKnown reads a baseline file.
func ReadKnown(data []byte) (Known, error) {
	var doc baselineFile
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("no baseline: %w", err)
	}
	if doc.Version != 1 {
		return nil, fmt.Errorf("a baseline of version %d, not 1", doc.Version)
	}
	k := Known{}
	for _, e := range doc.Findings {
		k[e.KnownKey] += e.Count
	}
	return k, nil
}
