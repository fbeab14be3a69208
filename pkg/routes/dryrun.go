package routes

import (
	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// DryRun reports whether a job selects mappings but copies nothing, because a
// variable that its entry point requires is missing or has another value.
func DryRun(j *release.Job) bool {
	from := j.Mappings.From
	if from == nil || len(from.Requires) == 0 {
		return false
	}
	var spec struct {
		Spec struct {
			Containers []struct {
				Env []struct {
					Name      string
					Value     string
					ValueFrom *yaml.Node `yaml:"valueFrom"`
				}
			}
		}
	}
	if err := j.Node.Decode(&spec); err != nil {
		return false
	}
	for name, value := range from.Requires {
		copies := false
		for _, c := range spec.Spec.Containers {
			for _, v := range c.Env {
				copies = copies || v.Name == name && (v.Value == value || v.ValueFrom != nil)
			}
		}
		if !copies {
			return true
		}
	}
	return false
}

// dryRuns returns the jobs for which [DryRun] is true.
func dryRuns(t *release.Tree) map[*release.Job]bool {
	out := map[*release.Job]bool{}
	if t.Jobs == nil {
		return out
	}
	for _, j := range t.Jobs.Jobs {
		if DryRun(j) {
			out[j] = true
		}
	}
	return out
}
