package validate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// noConfigs says why nothing is known about promotions, or "".
func (f *facts) noConfigs() string {
	if f.tree.Promotions().Configs == 0 {
		return "no " + f.tree.Layout.Config + " in the tree"
	}
	return ""
}

// noAccess says why nothing is known about who may do what in the CI registry,
// or "".
func (f *facts) noAccess() string {
	if len(f.tree.Manifests().Grants) == 0 {
		return "no role bindings in the tree"
	}
	return ""
}

// skipBroken lists the files about promotions that could not be read.
func skipBroken(p *Pass) {
	for _, problem := range p.tree.Promotions().Problems {
		p.Skip("%s", problem.Error())
	}
}

// unread reports whether one of the files that could not be read holds a name:
// then it may say anything about it.
func (f *facts) unread(problems []source.Problem, name string) bool {
	return slices.ContainsFunc(problems, func(p source.Problem) bool {
		return bytes.Contains(f.tree.Text(p.Pos.File), []byte(name))
	})
}

// effective returns the first promotion of a tag that takes effect by itself.
func (f *facts) effective(tag release.ImageTag) (release.Promotion, bool) {
	all := f.tree.Promotions().Of(tag)
	i := slices.IndexFunc(all, func(p release.Promotion) bool { return !p.Disabled && !p.Optional })
	if i < 0 {
		return release.Promotion{}, false
	}
	return all[i], true
}

// some lists the first of several names, and how many more there are.
func some(names []string, most int) string {
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}
