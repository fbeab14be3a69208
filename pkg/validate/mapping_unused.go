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
			if reason := p.noJobs(); reason != "" {
				p.Skip("%s", reason)
			} else {
				unrun(p)
			}
			notUploaded(p)
			lookalikes(p)
		},
	}
}

func unrun(p *Pass) {
	for _, m := range p.tree.Mappings() {
		if len(p.tree.Runs().Of(m)) > 0 || p.tree.Runs().Unknown(m.Set) {
			continue
		}
		f := p.Report(source.Position{File: m.Path}, "", "no periodic runs %s", m.Base)
		jobs := p.tree.Runs().JobsOf(m.Set)
		if len(jobs) == 0 {
			f.Hint = "add a periodic for the set " + m.Set.Name + ": mirror-jobgen generate"
			continue
		}
		f.Hint = "rename the file so that the job of its set picks it up"
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

// notUploaded reports files that config-updater does not put into the ConfigMap.
func notUploaded(p *Pass) {
	updater := p.tree.Updater()
	if updater.Missing != "" {
		p.Skip("%s: whether the files are uploaded was not checked", updater.Missing)
		return
	}
	for _, m := range p.tree.Mappings() {
		matching := slices.Collect(func(yield func(release.UpdaterMap) bool) {
			for _, u := range updater.Maps {
				if u.Matches(m.Path) && !yield(u) {
					return
				}
			}
		})
		into := func(u release.UpdaterMap) bool { return slices.Contains(u.Names, p.tree.Settings.ConfigMap) }
		switch {
		case !slices.ContainsFunc(matching, into):
			p.Report(source.Position{File: m.Path}, "add a glob that matches it to config_updater.maps in "+p.tree.Layout.Plugins,
				"%s is not uploaded: no glob of config-updater puts it into the ConfigMap %s", m.Base, p.tree.Settings.ConfigMap)
		case len(matching) > 1:
			f := p.ReportAs(source.Warning, source.Position{File: m.Path}, "keep one glob that matches it",
				"%s matches %d globs of config-updater, which takes any one of them", m.Base, len(matching))
			for _, u := range matching {
				f.Related = append(f.Related, Related{Pos: u.Pos, Message: "goes to " + strings.Join(u.Names, ", ")})
			}
		}
	}
}

// lookalikes reports files that hold mappings under a name that nothing uploads.
func lookalikes(p *Pass) {
	for _, set := range p.tree.Sets {
		for _, name := range set.Others {
			file := set.Dir + "/" + name
			if strings.HasSuffix(name, "/") || strings.HasPrefix(name, ".") || path.Ext(name) != "" && !strings.Contains(name, "mapping") {
				continue
			}
			parsed := mapping.Parse(file, p.tree.Text(file))
			if len(parsed.Problems) == 0 {
				p.ReportAs(source.Warning, source.Position{File: file}, "rename it to mapping_"+set.Prefix()+"_…, or remove it",
					"%s holds mappings, but only files named mapping_* are uploaded", name)
			}
		}
	}
}
