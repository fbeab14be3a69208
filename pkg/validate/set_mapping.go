package validate

import "github.com/mirror-tools/mirror-tools/pkg/source"

func setMapping() Rule {
	return Rule{
		ID:       "set-mapping",
		Title:    "a set without a mapping file",
		Why:      "The set's job has nothing to run: bash passes the pattern itself to oc, and the job fails.",
		Fix:      "Add a mapping file mapping_$name, or remove the folder and its job.",
		Severity: source.Error,
		Bad: `-- core-services/image-mirroring/team/OWNERS --
approvers:
- alice
-- core-services/image-mirroring/team/team_images --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Good: `-- core-services/image-mirroring/team/OWNERS --
approvers:
- alice
-- core-services/image-mirroring/team/mapping_team_images --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Check: func(p *Pass) {
			for _, set := range p.tree.Sets {
				if len(set.Files) == 0 {
					p.Report(source.Position{File: set.Dir}, "add mapping_"+filePrefix(p, set)+", or remove the folder",
						"the set %s has no mapping file", set.Name)
				}
			}
		},
	}
}
