package validate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func configmapSize() Rule {
	const small = `-- core-services/image-mirroring/_mirror.yaml --
config_map_limit: 100
`
	return Rule{
		ID:    "configmap-size",
		Title: "the mappings together near or over the ConfigMap's limit",
		Why: "All mapping files share one ConfigMap of at most 1 MiB. Once it is full, every upload fails, " +
			"of any set, and nothing reports it.",
		Fix: "Remove mappings that are no longer needed, or spread the keys over several ConfigMaps with " +
			"config-updater's partitioned_names (partitions in _mirror.yaml).",
		Severity: source.Warning,
		Bad: small + `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest quay.io/team/app:1.0
`,
		Good: small + `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/s:app quay.io/team/app:1.0
`,
		Check: checkConfigmapSize,
	}
}

func checkConfigmapSize(p *Pass) {
	files := slices.Clone(p.tree.Mappings())
	total := 0
	for _, m := range files {
		total += m.Size + len(m.Base)
	}
	limit := p.tree.Settings.ConfigMapLimit * partitions(p)
	severity, what := p.rule.Severity, "near"
	switch {
	case total > limit:
		severity, what = source.Error, "over"
	case total*5 < limit*4:
		return
	}
	slices.SortStableFunc(files, func(a, b *release.MappingFile) int { return cmp.Compare(b.Size, a.Size) })
	var largest []string
	f := p.ReportAs(severity, source.Position{File: p.tree.Layout.Mirroring}, "remove what is no longer mirrored, or spread the keys with partitioned_names",
		"the mapping files have %d bytes together, %d %% of the limit of the ConfigMap %s (%d bytes)",
		total, total*100/limit, p.tree.Settings.ConfigMap, limit)
	f.Parts = []string{fmt.Sprintf("the mappings together are %s the limit of %d", what, limit)}
	for _, m := range files[:min(len(files), 5)] {
		largest = append(largest, m.Base)
		f.Related = append(f.Related, Related{Pos: source.Position{File: m.Path}, Message: fmt.Sprintf("%d bytes", m.Size)})
	}
	f.Hint += "; the largest are " + strings.Join(largest, ", ")
}

// partitions returns the number of ConfigMaps for the mappings.
func partitions(p *Pass) int {
	for _, m := range p.tree.Updater().Maps {
		if slices.Contains(m.Names, p.tree.Settings.ConfigMap) {
			return len(m.Names)
		}
	}
	return 1
}
