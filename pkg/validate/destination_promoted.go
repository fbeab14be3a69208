package validate

import (
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func destinationPromoted() Rule {
	return Rule{
		ID:    "destination-promoted",
		Title: "a mapping that overwrites what ci-operator promotes",
		Why: "The mirroring job and ci-operator then write one tag in turns. Every job that uses the image gets " +
			"whichever was pushed last.",
		Fix:      "Mirror to another tag, or exclude the image from the promotion.",
		Severity: source.Error,
		Bad: exampleConfig("openshift/app", "team", "stream", "app") + `-- core-services/image-mirroring/team/mapping_team --
quay.io/team/app:latest registry.ci.openshift.org/team/stream:app
`,
		Good: exampleConfig("openshift/app", "team", "stream", "app") + `-- core-services/image-mirroring/team/mapping_team --
quay.io/team/app:latest registry.ci.openshift.org/team/stream:mirrored-app
`,
		Check: func(p *Pass) {
			if !p.known(p.noConfigs()) {
				return
			}
			skipBroken(p)
			quay := pullsFromQuayCI(p)
			for _, m := range p.tree.Mappings() {
				for pair := range pairs(p, m) {
					if tag, ok := p.tree.CITarget(pair.Destination); ok && (quay || !release.QuayCI(pair.Destination)) {
						overwritten(p, m, pair, tag)
					}
				}
			}
		},
	}
}

// pullsFromQuayCI reports whether ci-operator also promotes to quay.io at the
// time of the tree: then mappings pull from there, or ci-images-mirror pushes
// there.
func pullsFromQuayCI(p *Pass) bool {
	if len(p.tree.CIImages().All()) > 0 {
		return true
	}
	for _, m := range p.tree.Mappings() {
		for e := range m.Entries() {
			if release.QuayCI(e.Source) {
				return true
			}
		}
	}
	return false
}

func overwritten(p *Pass, m *release.MappingFile, pair mapping.Pair, tag release.ImageTag) {
	const hint = "mirror to another tag, or exclude the image from the promotion"
	severity, effect := p.rule.Severity, "whichever runs last wins"
	if idle(p, m) {
		severity, effect = source.Warning, "if a job ran the file, the last push would win"
	}
	name := pair.Destination.Exact()
	if pair.Destination.Wildcard() {
		tags, _ := p.tree.Promotions().Tags(tag.Stream)
		for _, t := range tags {
			one, ok := p.effective(release.ImageTag{Stream: tag.Stream, Tag: t})
			if ok && mapping.MatchTag(tag.Tag, t) {
				f := p.ReportAs(source.Warning, pair.Destination.Pos, "narrow the wildcard",
					"the wildcard %s, from %s, can write the tag %s, which %s promotes", name, pair.Source.Exact(), t, release.ConfigName(one.Config))
				f.Related = append(f.Related, Related{Pos: one.Pos, Message: "promoted here to " + one.String()})
				return
			}
		}
		return
	}
	if one, ok := p.effective(tag); ok {
		f := p.ReportAs(severity, pair.Destination.Pos, hint, "%s is promoted by ci-operator from %s, and overwritten by %s from %s: %s",
			name, release.ConfigName(one.Config), m.Base, pair.Source.Exact(), effect)
		f.Cause = Cause{ID: m.Path, Summary: "{n} images that ci-operator promotes are overwritten by " + m.Base + ": " + effect,
			Hint: "mirror to other tags, or exclude the images from the promotion"}
		f.Related = append(f.Related, Related{Pos: one.Pos, Message: "promoted here to " + one.String()})
		return
	}
	if one, ok := p.tree.Promotions().Publication(tag); ok {
		f := p.ReportAs(source.Warning, pair.Destination.Pos, "mirror to another tag, or add the tag to the publication's excludeTags",
			"%s is published by the release controller from %s, and overwritten by %s from %s: %s", name, one.From, m.Base, pair.Source.Exact(), effect)
		f.Related = append(f.Related, Related{Pos: one.Pos, Message: "published here to " + one.To.String()})
	}
}
