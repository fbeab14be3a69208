package validate

import (
	"regexp"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func configmapKey() Rule {
	return Rule{
		ID:    "configmap-key",
		Title: "two mapping files with the same ConfigMap key, or a key that Kubernetes refuses",
		Why: "The mapping files of all sets are uploaded into one ConfigMap, each under its base name. " +
			"Of two files with the same name, only one is uploaded, and removing either removes the key. " +
			"An invalid key makes the whole upload fail.",
		Fix:      "Begin each name with mapping_ and the set's name, in letters, digits, -, _ and dots.",
		Severity: source.Error,
		Bad: `-- core-services/image-mirroring/one/mapping_images --
registry.ci.openshift.org/one/stream:app quay.io/one/app:latest
-- core-services/image-mirroring/two/mapping_images --
registry.ci.openshift.org/two/stream:app quay.io/two/app:latest
`,
		Good: `-- core-services/image-mirroring/one/mapping_one_images --
registry.ci.openshift.org/one/stream:app quay.io/one/app:latest
-- core-services/image-mirroring/two/mapping_two_images --
registry.ci.openshift.org/two/stream:app quay.io/two/app:latest
`,
		Check: checkConfigmapKey,
	}
}

// validKey matches the keys of a ConfigMap that Kubernetes accepts.
var validKey = regexp.MustCompile(`^[-._a-zA-Z0-9]{1,253}$`)

func checkConfigmapKey(p *Pass) {
	first := map[string]*release.MappingFile{}
	for _, m := range p.tree.Mappings() {
		pos := source.Position{File: m.Path}
		if !validKey.MatchString(m.Base) {
			p.Report(pos, "use letters, digits, -, _ and dots, at most 253",
				"%q cannot be a key of a ConfigMap, and the upload of all mappings would fail", m.Base)
		}
		other, taken := first[m.Base]
		if !taken {
			first[m.Base] = m
			continue
		}
		f := p.Report(pos, "rename it to mapping_"+m.Set.Name+"_…",
			"%s is in the sets %s and %s: only one of them reaches the ConfigMap %s", m.Base, other.Set.Name, m.Set.Name, p.tree.Settings.ConfigMap)
		f.Related = append(f.Related, Related{Pos: source.Position{File: other.Path}, Message: "the file with the same key"})
	}
}
