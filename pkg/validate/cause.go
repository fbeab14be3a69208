package validate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Cause is the common cause of several findings of a rule: one change of the
// repository would fix all of them. Reports show them as one problem with many
// places.
type Cause struct {
	// ID is equal for all findings of a rule with this cause. It does not
	// depend on the order or number of places.
	ID string
	// Summary is the message for all places together. "{n}" in it is replaced by the
	// number of places.
	Summary string
	// Hint is what to do about all findings; "" means the hint of the first.
	Hint string
}

// CauseID returns the ID of the cause of a finding, unique among all rules. The
// ID of a finding without a Cause is made from its rule, file and message. A
// consequence of another rule's finding has the cause of that finding.
func (f Finding) CauseID() string {
	if id := cmp.Or(f.reason.id, f.id); id != "" {
		return id
	}
	if f.Cause.ID != "" {
		return f.Rule + ":" + f.Cause.ID
	}
	sum := sha256.Sum256([]byte(f.Pos.File + "\x00" + f.Message))
	return f.Rule + ":" + hex.EncodeToString(sum[:6])
}

// Group is all findings of one cause and one severity, one for each place.
type Group struct {
	ID           string
	Findings     []Finding // at least one
	Consequences []Finding // their consequences in other rules
}

// GroupByCause groups findings by cause, in the order of their first findings.
func GroupByCause(findings []Finding) []Group {
	type key struct {
		id       string
		severity source.Severity
	}
	at := map[key]int{}
	var groups []Group
	for _, f := range findings {
		k := key{f.CauseID(), f.Severity}
		if f.reason.id != "" {
			k.severity = f.reason.severity
		}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, Group{ID: k.id})
		}
		if f.reason.id != "" {
			groups[i].Consequences = append(groups[i].Consequences, f)
		} else {
			groups[i].Findings = append(groups[i].Findings, f)
		}
	}
	for i := range groups {
		if len(groups[i].Findings) == 0 { // the finding that explains them is not in the list
			groups[i].Findings, groups[i].Consequences = groups[i].Consequences, nil
		}
	}
	return groups
}

// First returns the first finding of the group.
func (g Group) First() Finding { return g.Findings[0] }

// Message returns the message for all places of the group.
func (g Group) Message() string {
	first := g.First()
	if len(g.Findings) == 1 || first.Cause.Summary == "" {
		return first.Message
	}
	return strings.ReplaceAll(first.Cause.Summary, "{n}", strconv.Itoa(len(g.Findings)))
}

// Hint returns what to do about the group; it may be empty.
func (g Group) Hint() string {
	first := g.First()
	if len(g.Findings) == 1 || first.Cause.Hint == "" {
		return first.Hint
	}
	return first.Cause.Hint
}
