package validate

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func referenceRegistry() Rule {
	return Rule{
		ID:    "reference-registry",
		Title: "a retired, rate-limited or unexpected registry",
		Why: "Docker Hub refuses anonymous pulls after a few, so an hourly job fails most of the time. " +
			"A retired host no longer answers. A supplemental CI image that goes to another namespace than the one in its file's name overwrites another team's image.",
		Fix:      "Mirror from a registry that is maintained, and write to the namespace of the file's name.",
		Severity: source.Warning,
		Bad: `-- core-services/image-mirroring/team/mapping_team --
docker.io/library/busybox:1 quay.io/team/busybox:1
`,
		Good: `-- core-services/image-mirroring/team/mapping_team --
quay.io/prometheus/busybox:1 quay.io/team/busybox:1
`,
		Check: checkReferenceRegistry,
	}
}

// supplemental is the prefix of files that copy external images into the CI
// registry. The target namespace follows it.
const supplemental = "mapping_supplemental_ci_images_"

// supplementalSet is the set of most of these files.
const supplementalSet = "supplemental-ci-images"

// ciHost is the registry that CI promotes to.
const ciHost = "registry.ci.openshift.org"

func checkReferenceRegistry(p *Pass) {
	retired := retiredRegistries(p)
	for _, m := range p.tree.Mappings() {
		namespace, inside := strings.CutPrefix(m.Base, supplemental)
		for e := range m.Entries() {
			checkSource(p, e, inside, retired)
			for _, d := range e.Destinations {
				if d.Scheme == "" && d.Registry == "" {
					p.Report(d.Pos, "begin it with the registry: quay.io/"+d.Text, "%s names no registry, so it is pushed to Docker Hub", d.Text)
				}
				if slices.Contains(retired, d.Host()) {
					f := p.ReportAs(source.Error, d.Pos, "name its successor", "%s is written to %s, which is retired", d.Repository, d.Registry)
					f.Cause = Cause{ID: "retired " + d.Registry, Summary: "{n} references name " + d.Registry + ", which is retired"}
				}
				if inside && !goesTo(d, namespace, m.Set.Name == supplementalSet) {
					f := p.ReportAs(source.Error, d.Pos, "write to "+ciHost+"/"+strings.ReplaceAll(namespace, "_", "-")+"/…",
						"%s goes to another namespace than the one in the name %s", d.Exact(), m.Base)
					f.Cause = Cause{ID: "namespace " + m.Path, Summary: "{n} destinations go to another namespace than the one in the name " + m.Base}
				}
			}
		}
	}
}

func checkSource(p *Pass, e mapping.Entry, inside bool, retired []string) {
	switch s := e.Source; {
	case s.Scheme != "":
	case s.Host() == "docker.io":
		severity := p.rule.Severity
		if inside { // the repository's own check rejects it there
			severity = source.Error
		}
		f := p.ReportAs(severity, s.Pos, "mirror it from quay.io or another registry without a pull limit",
			"%s is pulled from Docker Hub, which limits anonymous pulls", s.Canonical())
		f.Cause = Cause{ID: "docker.io", Summary: "{n} images are pulled from Docker Hub, which limits anonymous pulls", Hint: "mirror them from quay.io or another registry without a pull limit"}
	case slices.Contains(retired, s.Host()):
		f := p.ReportAs(source.Error, s.Pos, "name its successor", "%s is read from %s, which is retired", s.Repository, s.Registry)
		f.Cause = Cause{ID: "retired " + s.Registry, Summary: "{n} references name " + s.Registry + ", which is retired"}
	}
}

// retired returns the retired hosts of the settings, except one that most
// mappings still read from, as in an old tree.
func retiredRegistries(p *Pass) []string {
	counts := map[string]int{}
	most := ""
	for _, m := range p.tree.Mappings() {
		for e := range m.Entries() {
			if host := e.Source.Registry; host != "" {
				if counts[host]++; counts[host] > counts[most] {
					most = host
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(p.tree.Settings.RetiredRegistries), func(h string) bool { return h == most })
}

// goesTo reports whether a destination is in the CI registry namespace in a
// supplemental file's name, where "_" stands for "-": NAMESPACE exactly in
// supplementalSet, as in the repository's own check, and in other sets also
// NAMESPACE_anything.
func goesTo(d mapping.Reference, name string, exactly bool) bool {
	namespace, _, _ := strings.Cut(d.Repository, "/")
	name = strings.ReplaceAll(name, "_", "-")
	return d.Registry == ciHost && strings.Contains(d.Repository, "/") &&
		(name == namespace || !exactly && strings.HasPrefix(name, namespace+"-"))
}
