package validate

import (
	"fmt"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func promotionConflict() Rule {
	return Rule{
		ID:    "promotion-conflict",
		Title: "two configs that promote to the same tag",
		Why: "The tag holds the image of whichever config was built last. Mirroring then publishes one or the other, " +
			"and nobody can tell which.",
		Fix:      "Exclude the image from one of the promotions (excluded_images), or promote it to another stream.",
		Severity: source.Error,
		Bad: exampleConfig("openshift/app", "team", "stream", "app") + exampleConfig("openshift/fork", "team", "stream", "app") +
			exampleMapping,
		Good: exampleConfig("openshift/app", "team", "stream", "app") + exampleConfig("openshift/fork", "team", "stream", "fork") +
			exampleMapping,
		Check: func(p *Pass) {
			if !p.known(p.noConfigs()) {
				return
			}
			skipBroken(p)
			checkConflicts(p)
		},
	}
}

// conflicts reports each pair of configs that promote the same tags, once.
func checkConflicts(p *Pass) {
	type couple struct{ first, second string }
	type shared struct{ first, second release.Promotion }
	owner := map[release.ImageTag]release.Promotion{}
	clashes := map[couple][]shared{}
	var order []couple
	for _, one := range p.tree.Promotions().All {
		if one.Disabled || one.Optional || one.Pos.Line == 0 { // the build cache's tags are the config's own
			continue
		}
		first, taken := owner[one.ImageTag]
		if !taken {
			owner[one.ImageTag] = one
			continue
		}
		if first.Config == one.Config {
			continue
		}
		c := couple{first.Config, one.Config}
		if len(clashes[c]) == 0 {
			order = append(order, c)
		}
		clashes[c] = append(clashes[c], shared{first, one})
	}
	for _, c := range order {
		var tags []string
		for _, s := range clashes[c] {
			tags = append(tags, s.second.String())
		}
		verb := "is"
		if len(tags) > 1 {
			verb = "are"
		}
		f := p.Report(clashes[c][0].second.Pos, "exclude the image from one of the two, or promote it to another stream",
			"%s %s promoted from %s and from %s: whichever is built last wins", some(tags, 5), verb, release.ConfigName(c.first), release.ConfigName(c.second))
		for i, s := range clashes[c] {
			f.Parts = append(f.Parts, fmt.Sprintf("%s is promoted from %s and from %s", s.second, release.ConfigName(c.first), release.ConfigName(c.second)))
			f.Related = append(f.Related, Related{Pos: s.first.Pos, Message: s.first.String() + " is also promoted here"})
			if i > 0 {
				f.Related = append(f.Related, Related{Pos: s.second.Pos, Message: "and here"})
			}
		}
	}
}
