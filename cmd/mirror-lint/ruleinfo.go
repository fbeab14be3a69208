package main

import (
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// ruleInfos is what reports tell about the rules.
func ruleInfos() []report.RuleInfo {
	var infos []report.RuleInfo
	for _, r := range validate.Rules() {
		infos = append(infos, report.RuleInfo{ID: r.ID, Severity: r.Severity, Summary: r.Title, Help: r.Why + "\n\n" + r.Fix})
	}
	return infos
}
