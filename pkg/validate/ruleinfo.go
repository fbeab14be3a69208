package validate

import "github.com/mirror-tools/mirror-tools/internal/report"

// RuleInfos is what reports tell about the rules.
func RuleInfos() []report.RuleInfo {
	var infos []report.RuleInfo
	for _, r := range Rules() {
		infos = append(infos, report.RuleInfo{ID: r.ID, Severity: r.Severity, Summary: r.Title, Help: r.Why + "\n\n" + r.Fix})
	}
	return infos
}
