package validate

import (
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func promotionRBAC() Rule {
	return Rule{
		ID:    "promotion-rbac",
		Title: "a promoted namespace without the image-tagger role and binding",
		Why: "ci-operator cannot tag images in the namespace: every promotion to it fails after the merge, " +
			"and the images mirrored from there are not updated.",
		Fix: "Add a role image-tagger, which can update imagestreamtags, to the namespace, " +
			"and a role binding image-tagger-ci-operator that gives it to the service account ci-operator of the namespace ci.",
		Severity: source.Warning,
		Bad:      exampleConfig("openshift/app", "team", "stream", "app") + exampleTagger("other") + exampleMapping,
		Good:     exampleConfig("openshift/app", "team", "stream", "app") + exampleTagger("team") + exampleMapping,
		Check: func(p *Pass) {
			if !p.known(p.noConfigs(), p.noAccess()) {
				return
			}
			skipBroken(p)
			for _, one := range p.tree.Promotions().Namespaces() {
				taggable(p, one)
			}
		},
	}
}

// promoter reports whether a subject is one of the accounts that ci-operator
// promotes with.
func promoter(s release.Subject) bool {
	return s.Covers("ci", "ci-operator") || s.Covers("ci", "image-pusher")
}

const imageTagger = "image-tagger"

func taggable(p *Pass, one release.Promotion) {
	manifests, namespace := p.tree.Manifests(), one.Namespace
	grants := manifests.In(namespace)
	if slices.ContainsFunc(grants, func(g release.Grant) bool { return promoter(g.Subject) && manifests.MayPush(g) }) {
		return
	}
	const hint = "add the role image-tagger and the role binding image-tagger-ci-operator to the namespace"
	role, hasRole := manifests.Role(namespace, imageTagger)
	for _, g := range grants {
		if _, ok := manifests.Role(g.Namespace, g.Role); g.Namespace == namespace && !g.ClusterRole && !ok && promoter(g.Subject) {
			f := p.ReportAs(source.Error, g.Pos, "add the role "+g.Role+" to the namespace "+namespace,
				"the role binding %s gives ci-operator the role %s, which the namespace %s does not have: promotion to it fails", g.Binding, g.Role, namespace)
			f.Related = append(f.Related, Related{Pos: one.Pos, Message: one.String() + " is promoted here"})
			return
		}
	}
	if hasRole {
		f := p.ReportAs(source.Error, role.Pos, "add the role binding image-tagger-ci-operator to the namespace",
			"the namespace %s has the role image-tagger, but no role binding gives it, or another role that can tag images, to ci-operator: promotion to it fails", namespace)
		f.Related = append(f.Related, Related{Pos: one.Pos, Message: one.String() + " is promoted here"})
		return
	}
	p.Report(one.Pos, hint, "%s promotes to the namespace %s, and nothing in the tree lets ci-operator tag images there",
		release.ConfigName(one.Config), namespace)
}
