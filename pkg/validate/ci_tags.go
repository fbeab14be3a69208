package validate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// noConfigs returns the reason why promotions are unknown, or "".
func (f *facts) noConfigs() string {
	if f.tree.Promotions().Configs == 0 {
		return "no " + f.tree.Layout.Config + " in the tree"
	}
	return ""
}

// noAccess returns the reason why access to the CI registry is unknown, or "".
func (f *facts) noAccess() string {
	if len(f.tree.Manifests().Grants) == 0 {
		return "no role bindings in the tree"
	}
	return ""
}

// skipBroken lists the unreadable files with promotions as skipped.
func skipBroken(p *Pass) {
	for _, problem := range p.tree.Promotions().Problems {
		p.Skip("%s", problem.Error())
	}
}

// unread reports whether an unreadable file contains a name: then it may have
// any facts about it.
func (f *facts) unread(problems []source.Problem, name string) bool {
	return slices.ContainsFunc(problems, func(p source.Problem) bool {
		return bytes.Contains(f.tree.Text(p.Pos.File), []byte(name))
	})
}

// effective returns the first promotion of a tag that is neither disabled nor
// optional.
func (f *facts) effective(tag release.ImageTag) (release.Promotion, bool) {
	all := f.tree.Promotions().Of(tag)
	i := slices.IndexFunc(all, func(p release.Promotion) bool { return !p.Disabled && !p.Optional })
	if i < 0 {
		return release.Promotion{}, false
	}
	return all[i], true
}

// some lists the first names and counts the rest.
func some(names []string, most int) string {
	if len(names) <= most+1 {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}
