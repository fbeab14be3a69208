package validate

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobConfigmap() Rule {
	return Rule{
		ID:    "job-configmap",
		Title: "a job that runs where its mappings are not uploaded, or that does not mount them",
		Why: "A pod whose ConfigMap is missing never starts, and one that does not mount it finds no mappings. " +
			"A ConfigMap exists only in the clusters and namespaces that config-updater uploads it to.",
		Fix:      "Mount the ConfigMap of the mappings, run the job where it is, or add the cluster and namespace to config_updater.maps.",
		Severity: source.Error,
		Bad:      exampleUploaded("build01"),
		Good:     exampleUploaded("app.ci"),
		Check: func(p *Pass) {
			if !p.known(p.noJobs()) {
				return
			}
			for _, job := range p.tree.Jobs.Jobs {
				unmounted(p, job)
			}
			unreached(p)
		},
	}
}

// unmounted reports a job that names mappings or has the name of a set's job,
// but mounts no mappings.
func unmounted(p *Pass, job *release.Job) {
	configMap, mount := p.tree.Settings.ConfigMap, p.tree.Settings.MountPath
	hint := "mount the ConfigMap " + configMap + " at " + mount
	set := p.tree.Runs().SetOf(job)
	instead := job.MountedAt
	switch {
	case len(job.Unmounted) > 0 && instead != nil && instead.Key == "mountPath":
		p.Report(instead.Pos, hint, "%s looks for %s below %s, and mounts the mappings at %s", job.Name, job.Unmounted[0].Pattern, mount, instead.Text)
	case len(job.Unmounted) > 0 && instead != nil && isMappingName(job.Unmounted[0].Pattern):
		p.Report(instead.Pos, hint, "%s runs %s and mounts the ConfigMap %s, not %s, which holds the mappings", job.Name, job.Unmounted[0].Pattern, instead.Text, configMap)
	case len(job.Unmounted) > 0 && job.Mirrors:
		p.Report(job.Unmounted[0].Pos, hint, "%s looks for %s below %s, where it does not mount the mappings", job.Name, job.Unmounted[0].Pattern, mount)
	case len(job.Unmounted) > 0 && isMappingName(job.Unmounted[0].Pattern):
		p.Report(job.Unmounted[0].Pos, hint, "%s runs %s and does not mount the ConfigMap %s, which holds the mappings", job.Name, job.Unmounted[0].Pattern, configMap)
	case !job.Mirrors && set != nil && len(set.Files) > 0:
		p.Report(job.Pos, hint, "%s is the job of the set %s and does not mount the ConfigMap %s, which holds the mappings", job.Name, set.Name, configMap)
	}
}

func isMappingName(pattern string) bool { return strings.HasPrefix(pattern, "mapping_") }

// unreached reports jobs that run where config-updater does not upload the
// mappings.
func unreached(p *Pass) {
	updater := p.tree.Updater()
	if updater.Missing != "" {
		p.Skip("%s: not checked whether the jobs find the mappings", updater.Missing)
		return
	}
	uploads := uploadsOf(p)
	if len(uploads) == 0 { // mapping-unused reports it
		return
	}
	for _, job := range p.tree.Jobs.Jobs {
		namespace := jobNamespace(p, job)
		reaches := func(m release.UpdaterMap) bool { return m.Reaches(job.Cluster, namespace) }
		if !job.Mirrors || slices.ContainsFunc(uploads, reaches) {
			continue
		}
		where := place(job.Cluster, namespace)
		pos := job.ClusterPos
		if slices.ContainsFunc(uploads, func(m release.UpdaterMap) bool { return m.Uploads(job.Cluster) }) {
			pos = job.NamespacePos
		}
		f := p.Report(pos, "add "+where+" to the entry of config_updater.maps, or run the job elsewhere",
			"%s runs in %s, to which config-updater does not upload the ConfigMap %s", job.Name, where, p.tree.Settings.ConfigMap)
		f.Cause = Cause{ID: where, Summary: "{n} jobs run in " + where + ", to which config-updater does not upload the ConfigMap " + p.tree.Settings.ConfigMap, Hint: "add " + where + " to the entry of config_updater.maps, or run the jobs elsewhere"}
		for _, m := range uploads {
			for _, t := range m.Targets {
				f.Related = append(f.Related, Related{Pos: t.Pos, Message: "uploaded to " + place(t.Cluster, t.Namespace)})
			}
		}
	}
}

// uploadsOf returns the entries of config-updater that put mapping files into the
// ConfigMap of the mappings.
func uploadsOf(p *Pass) []release.UpdaterMap {
	var out []release.UpdaterMap
	for _, m := range p.tree.Updater().Maps {
		matches := func(f *release.MappingFile) bool { return m.Matches(f.Path) }
		if slices.ContainsFunc(m.Names, p.tree.Settings.HoldsMappings) && slices.ContainsFunc(p.tree.Mappings(), matches) {
			out = append(out, m)
		}
	}
	return out
}

// exampleUploaded is an example whose mappings go to the cluster app.ci, and
// whose job runs on another or on that.
func exampleUploaded(cluster string) string {
	job := strings.Replace(exampleJobs("team", "mapping_team*"), "  cron:", "  cluster: "+cluster+"\n  cron:", 1)
	return job + `-- core-services/prow/02_config/_plugins.yaml --
config_updater:
  maps:
    core-services/image-mirroring/**/mapping_*:
      clusters:
        app.ci: [ci]
      name: image-mirror-mappings
` + exampleMapping
}
