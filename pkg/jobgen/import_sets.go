package jobgen

import (
	"fmt"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// withoutJob returns the settings of a set without a job in the jobs file: run_by
// if a job of another set or file runs all its mappings, else disabled.
func (im *importer) withoutJob(set *release.Set) release.JobSettings {
	by := ""
	for i, f := range set.Files {
		owner := im.runBy(set, f)
		if owner == "" || i > 0 && owner != by {
			yes := true
			return release.JobSettings{Disabled: &yes}
		}
		by = owner
	}
	return release.JobSettings{RunBy: by}
}

// runBy returns the set whose job runs a file of a set without a job in the jobs
// file, or the name of a job of another file; "" without one.
func (im *importer) runBy(set *release.Set, f *release.MappingFile) string {
	owner := ""
	for _, j := range im.tree.Runs().Of(f) {
		switch s := im.tree.Runs().SetOf(j); {
		case s != nil && s != set:
			owner = s.Name
		case owner == "" && j.Pos.File != im.tree.Jobs.Path:
			owner = j.Name
		}
	}
	return owner
}

// allow lets the sets that read secrets of others go on doing so.
func (im *importer) allow() {
	var jobs []holder
	for _, x := range im.jobs {
		if x.set != nil {
			jobs = append(jobs, holder{x.set.Name, x.job})
		}
	}
	found := ownership{im.b.basis}.foreignSecrets(jobs, jobs)
	if len(found) > 0 && slices.Contains(im.tree.Settings.Keys(), "allow") {
		f := found[0]
		im.problems = append(im.problems, source.Problem{Pos: im.tree.Settings.At("allow"), Message: fmt.Sprintf("allow does not let the job of %s read the secret %s of the set %s, as it does", f.set, f.secret, f.owner),
			Hint: fmt.Sprintf("add %s: [%s], then import", f.set, release.PowerSecret)})
		return
	}
	for _, f := range found {
		if im.said.Allow == nil {
			im.said.Allow = release.Allow{}
		}
		im.said.Allow[f.set] = []string{release.PowerSecret}
	}
	if len(im.said.Allow)*2 > len(jobs) { // it is the rule here
		im.said.Allow = release.Allow{"*": {release.PowerSecret}}
	}
}
