package validate

import (
	"regexp"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func setOwners() Rule {
	return Rule{
		ID:       "set-owners",
		Title:    "a set without a usable OWNERS file",
		Why:      "Without approvers of its own, a set's changes wait for the owners of all mirroring, who cannot know whether an image should be published.",
		Fix:      "Add an OWNERS file with the logins, or the aliases of OWNERS_ALIASES, of the people who maintain the set.",
		Severity: source.Error,
		Bad:      exampleMapping,
		Good: exampleMapping + `-- core-services/image-mirroring/team/OWNERS --
approvers:
- alice
`,
		Check: checkSetOwners,
	}
}

// login matches a GitHub login: at most 39 letters, digits and hyphens. Old
// logins have hyphens at the end or several in a row, those managed by a
// company end in _COMPANY, those of programs in [bot].
var login = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,38}(?:_[a-z0-9]{1,16})?(?:\[bot\])?$`)

func checkSetOwners(p *Pass) {
	if p.tree.Aliases == nil {
		p.Skip("no readable %s in the tree: aliases were not checked", p.tree.Layout.Aliases)
	}
	broken := map[string]bool{}
	for _, problem := range p.tree.Problems {
		if problem.Part == release.PartOwners {
			broken[problem.Set] = true
			p.problem(problem.Problem)
		}
	}
	for _, set := range p.tree.Sets {
		switch {
		case set.Owners == nil:
			p.Report(source.Position{File: set.Dir + "/OWNERS"}, "add it with the people who maintain the set",
				"the set %s has no OWNERS file", set.Name)
		case !broken[set.Name]:
			checkOwners(p, set)
		}
	}
}

func checkOwners(p *Pass, set *release.Set) {
	if len(set.Owners.Approvers) == 0 {
		p.Report(source.Position{File: set.Owners.Path}, "name at least one approver", "the OWNERS of set %s name no approver", set.Name)
		return
	}
	if p.tree.Aliases == nil {
		return
	}
	usable := false
	for _, o := range set.Owners.Approvers {
		members, alias := p.tree.Aliases.Members[o.Name]
		usable = usable || !alias && mayBeLogin(p.tree.Aliases, o.Name) || len(members) > 0
	}
	for _, o := range append(append([]release.Owner{}, set.Owners.Approvers...), set.Owners.Reviewers...) {
		if _, alias := p.tree.Aliases.Members[o.Name]; !alias && !mayBeLogin(p.tree.Aliases, o.Name) {
			p.Report(o.Pos, "add the alias to "+p.tree.Layout.Aliases+", or name an account",
				"%q is not an alias in %s, and cannot be a GitHub account", o.Name, p.tree.Layout.Aliases)
			usable = true // reported already
		}
	}
	if !usable {
		f := p.Report(source.Position{File: set.Owners.Path}, "add members to the alias, or name an account",
			"the OWNERS of set %s name only aliases without members", set.Name)
		for _, o := range set.Owners.Approvers {
			f.Related = append(f.Related, Related{Pos: p.tree.Aliases.Pos[o.Name], Message: "the alias " + o.Name + " is empty"})
		}
	}
}

// mayBeLogin reports whether a name that is not an alias may be a login. A name
// with "_" instead of the "-" of an alias is a misspelt alias.
func mayBeLogin(aliases *release.Aliases, name string) bool {
	if !login.MatchString(name) {
		return false
	}
	if strings.Contains(name, "_") {
		for alias := range aliases.Members {
			if release.Fold(alias) == release.Fold(name) {
				return false
			}
		}
	}
	return true
}
