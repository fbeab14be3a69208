package validate

import (
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func mappingUnused() Rule {
	return Rule{
		ID:       "mapping-unused",
		Title:    "a mapping that no periodic would run, or that is not uploaded",
		Why:      "Nobody notices: no job fails, the images just never arrive.",
		Fix:      "Give the file a name that its set's job picks up, or add the job.",
		Severity: source.Error,
		Bad: exampleJobs("team", "mapping_team_v*") + `-- core-services/image-mirroring/team/mapping_team_latest --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Good: exampleJobs("team", "mapping_team*") + `-- core-services/image-mirroring/team/mapping_team_latest --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`,
		Check: func(p *Pass) {
			if p.known(p.noJobs()) {
				unrun(p)
			}
			notUploaded(p)
			lookalikes(p)
		},
	}
}

func unrun(p *Pass) {
	for _, m := range p.tree.Mappings() {
		if len(p.tree.Runs().Of(m)) > 0 || p.tree.Runs().Unknown(m.Set) || m.Set.Paused() || p.unmountedJob(m.Set) {
			continue
		}
		f := p.Report(source.Position{File: m.Path}, "", "no periodic runs %s", m.Base)
		f.Cause = Cause{ID: notRun + " " + m.Set.Name, Summary: "{n} files of the set " + m.Set.Name + " are not run by any periodic"}
		jobs := p.tree.Runs().JobsOf(m.Set)
		if len(jobs) == 0 {
			f.Hint = "add a periodic for the set " + m.Set.Name + ": mirror-jobgen generate"
			continue
		}
		f.Hint = "rename the file so that the job of its set picks it up"
		f.Cause.Hint = "rename the files so that the job of their set picks them up"
		for _, job := range jobs {
			var patterns []string
			for _, g := range job.Mappings.Globs {
				patterns = append(patterns, g.Pattern)
			}
			if len(patterns) > 0 {
				f.Related = append(f.Related, Related{Pos: job.Mappings.Globs[0].Pos, Message: job.Name + " runs " + strings.Join(patterns, ", ")})
			}
		}
	}
}

// unmountedJob reports whether a set has a job that mounts no mappings, which
// job-configmap reports.
func (p *Pass) unmountedJob(set *release.Set) bool {
	return p.running["job-configmap"] && slices.ContainsFunc(p.tree.Runs().JobsOf(set), func(j *release.Job) bool { return !j.Mirrors })
}

// noUploads reports, once, that config-updater uploads none of several mapping
// files: its entry is missing or was renamed.
func noUploads(p *Pass) bool {
	files, settings := p.tree.Mappings(), p.tree.Settings
	if len(files) < 2 || len(uploadsOf(p)) > 0 {
		return false
	}
	f := p.Report(source.Position{File: p.tree.Layout.Plugins}, "add an entry for "+p.tree.Layout.Uploads()+" to config_updater.maps",
		"none of the %d mapping files is uploaded: no entry of config-updater puts them into the ConfigMap %s", len(files), settings.ConfigMap)
	f.Parts = []string{"no entry of config-updater puts mapping files into the ConfigMap " + settings.ConfigMap}
	for _, m := range p.tree.Updater().Maps {
		switch {
		case slices.ContainsFunc(m.Names, settings.HoldsMappings):
			f.Pos = m.Pos
			f.Related = append(f.Related, Related{Pos: m.Pos, Message: "this pattern matches no mapping file"})
		case slices.ContainsFunc(files, func(file *release.MappingFile) bool { return m.Matches(file.Path) }):
			f.Pos = m.NamesPos
			f.Related = append(f.Related, Related{Pos: m.NamesPos, Message: "this entry puts mapping files into " + strings.Join(m.Names, ", ")})
		}
	}
	return true
}

// notUploaded reports files that config-updater does not put into the ConfigMap.
func notUploaded(p *Pass) {
	updater := p.tree.Updater()
	if updater.Missing != "" {
		p.Skip("%s: not checked whether the files are uploaded", updater.Missing)
		return
	}
	if noUploads(p) {
		return
	}
	for _, m := range p.tree.Mappings() {
		matching := slices.DeleteFunc(slices.Clone(updater.Maps), func(u release.UpdaterMap) bool { return !u.Matches(m.Path) })
		into := func(u release.UpdaterMap) bool { return slices.ContainsFunc(u.Names, p.tree.Settings.HoldsMappings) }
		switch {
		case !slices.ContainsFunc(matching, into):
			f := p.Report(source.Position{File: m.Path}, "add a glob that matches it to config_updater.maps in "+p.tree.Layout.Plugins,
				"%s is not uploaded: no glob of config-updater puts it into the ConfigMap %s", m.Base, p.tree.Settings.ConfigMap)
			f.Cause = Cause{ID: "uploaded", Summary: "{n} mapping files are not uploaded: no glob of config-updater puts them into the ConfigMap " + p.tree.Settings.ConfigMap,
				Hint: "add a glob that matches them to config_updater.maps in " + p.tree.Layout.Plugins}
			for _, u := range updater.Maps {
				if into(u) {
					f.Related = append(f.Related, Related{Pos: u.Pos, Message: "this pattern does not match it"})
				}
			}
		case len(matching) > 1:
			f := p.ReportAs(source.Warning, source.Position{File: m.Path}, "keep one glob that matches it",
				"%s matches %d globs of config-updater, which uses any one of them", m.Base, len(matching))
			f.Cause = Cause{ID: "globs", Summary: "{n} mapping files match several globs of config-updater, which uses any one of them", Hint: "keep one glob for each file"}
			for _, u := range matching {
				f.Related = append(f.Related, Related{Pos: u.Pos, Message: "goes to " + strings.Join(u.Names, ", ")})
			}
		}
	}
}

// lookalikes reports files with mappings under a name that is not uploaded.
func lookalikes(p *Pass) {
	for _, set := range p.tree.Sets {
		for _, name := range set.Others {
			file := set.Dir + "/" + name
			if strings.HasSuffix(name, "/") || strings.HasPrefix(name, ".") || path.Ext(name) != "" && !strings.Contains(name, "mapping") {
				continue
			}
			parsed := mapping.Parse(file, p.tree.Text(file))
			if len(parsed.Problems) == 0 {
				p.ReportAs(source.Warning, source.Position{File: file}, "rename it to mapping_"+filePrefix(p, set)+"_…, or remove it",
					"%s holds mappings, but only files named mapping_* are uploaded", name)
			}
		}
	}
}
