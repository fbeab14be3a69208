package validate

import (
	"cmp"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func sourceAccess() Rule {
	return Rule{
		ID:    "source-access",
		Title: "a source namespace whose images the mirroring job cannot pull",
		Why:   "The registry denies oc image mirror the pull, and every run of the job fails.",
		Fix: "Bind system:image-puller in the namespace to system:authenticated, or, for private images, " +
			"to the service account of the job.",
		Severity: source.Warning,
		Bad:      examplePuller("other") + exampleMapping,
		Good:     examplePuller("team") + exampleMapping,
		Check: func(p *Pass) {
			if !p.known(p.noAccess()) {
				return
			}
			for _, cluster := range otherClusters(p) {
				p.Skip("it is not known which images of the CI registry jobs on the cluster %s can pull", cluster)
			}
			for _, set := range p.tree.Sets {
				pullable(p, set)
			}
		},
	}
}

// platformNamespace reports whether a namespace belongs to the cluster: access
// to it is configured with the cluster and its release controllers, not in the
// tree.
func platformNamespace(name string) bool {
	return name == "ocp" || name == "openshift" || name == "origin"
}

// otherClusters returns the sorted clusters of mirroring jobs other than that
// of the CI registry, which does not know their service accounts.
func otherClusters(p *Pass) []string {
	var clusters []string
	for _, m := range p.tree.Mappings() {
		for _, job := range p.tree.Runs().Of(m) {
			if p.elsewhere(job) && !slices.Contains(clusters, job.Cluster) {
				clusters = append(clusters, job.Cluster)
			}
		}
	}
	slices.Sort(clusters)
	return clusters
}

// elsewhere reports whether a job runs on another cluster than the one of the CI
// registry.
func (f *facts) elsewhere(job *release.Job) bool {
	registry := f.tree.Settings.ClusterRegistries[job.Cluster]
	return job.Cluster != "" && registry != release.CIRegistry && registry != release.OldCIRegistry
}

// pullable reports each namespace that a set pulls from without permission.
func pullable(p *Pass, set *release.Set) {
	seen := map[string]bool{}
	for _, m := range set.Files {
		own := func(job *release.Job) bool { return !p.foreign(job, set) }
		if idle(p, m) || slices.ContainsFunc(p.tree.Runs().Of(m), p.elsewhere) {
			continue // mapping-unused reports that no job mirrors it
		}
		if jobs := p.tree.Runs().Of(m); len(jobs) > 0 && !slices.ContainsFunc(jobs, own) {
			continue // then the job of the set does not pull it
		}
		for e := range m.Entries() {
			tag, ok := p.tree.CITag(e.Source)
			if !ok || !release.InCIRegistry(e.Source) || seen[tag.Namespace] || platformNamespace(tag.Namespace) {
				continue
			}
			seen[tag.Namespace] = true
			checkAccess(p, m, e.Source, tag.Namespace)
		}
	}
}

func checkAccess(p *Pass, m *release.MappingFile, r mapping.Reference, namespace string) {
	manifests := p.tree.Manifests()
	var others []release.Grant
	for _, g := range manifests.In(namespace) {
		switch {
		case !manifests.MayPull(g):
		case runsAs(p, m, g.Subject):
			return
		case g.Namespace == namespace:
			others = append(others, g)
		}
	}
	const hint = "bind system:image-puller in the namespace to system:authenticated, or to the job's service account; " +
		"when the job's secret lets it pull, say so in an ignore comment"
	if len(others) == 0 {
		f := p.Report(r.Pos, hint, "nothing in the tree lets the mirroring job of set %s pull images from the namespace %s", m.Set.Name, namespace)
		if pos, ok := manifests.Namespaces[namespace]; ok {
			f.Related = append(f.Related, Related{Pos: pos, Message: "the namespace is defined here"})
		}
		return
	}
	var names []string
	for _, g := range others {
		names = append(names, g.Subject.String())
	}
	slices.Sort(names)
	f := p.Report(r.Pos, hint, "the mirroring job of set %s cannot pull images from the namespace %s: only %s can",
		m.Set.Name, namespace, some(slices.Compact(names), 5))
	f.Related = append(f.Related, Related{Pos: others[0].Pos, Message: "the role binding " + others[0].Binding})
}

// runsAs reports whether a subject covers every job that mirrors a file. A file
// without jobs counts as mirrored by the default service account.
func runsAs(p *Pass, m *release.MappingFile, s release.Subject) bool {
	jobs := p.tree.Runs().Of(m)
	for _, job := range jobs {
		if !s.Covers(jobNamespace(p, job), cmp.Or(job.ServiceAccount, "default")) {
			return false
		}
	}
	return len(jobs) > 0 || s.Covers(p.tree.Settings.Namespace, "default")
}
