package routes

import (
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// dryRun reports whether a job selects mappings but copies nothing, because a
// variable that its entry point requires is missing or has another value.
func dryRun(j *release.Job) bool {
	if j.Mappings.From == nil {
		return false
	}
	for name, value := range j.Mappings.From.Requires {
		field, set := j.Env[name]
		elsewhere := !set && (slices.Contains(j.EnvFrom, name) || slices.Contains(j.EnvFrom, "*"))
		if field.Text != value && !elsewhere {
			return true
		}
	}
	return false
}
