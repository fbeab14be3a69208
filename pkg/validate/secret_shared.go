package validate

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func secretShared() Rule {
	const teams = `-- core-services/image-mirroring/one/mapping_one --
registry.ci.openshift.org/one/stream:app quay.io/one/app:latest
`
	return Rule{
		ID:    "secret-shared",
		Title: "a push credential that several sets use, or that is for another organisation",
		Why: "Whoever may change a set's mappings may push with its credential. A credential of another organisation, " +
			"or of several teams, lets one team push as another.",
		Fix:      "Ask for a robot account of the set's own organisation and give it a secret of its own.",
		Severity: source.Warning,
		Bad:      teams + strings.ReplaceAll(exampleSecretJob("push-team", "config.json"), "team*", "one*") + exampleSecret("push-team", "config.json"),
		Good: strings.ReplaceAll(teams, "quay.io/one", "quay.io/team") +
			strings.ReplaceAll(exampleSecretJob("push-team", "config.json"), "team*", "one*") + exampleSecret("push-team", "config.json"),
		Check: checkSecretShared,
	}
}

func checkSecretShared(p *Pass) {
	users := map[string][]*release.Set{}
	eachSecret(p, func(job *release.Job, m release.SecretMount, here, _ []*release.Secret) {
		set := p.tree.Runs().SetOf(job)
		if set == nil {
			return
		}
		if others := users[m.Secret]; len(others) > 0 && !slices.Contains(others, set) {
			p.Report(m.Pos, "give each set a credential of its own",
				"the sets %s and %s push with one secret, %s", others[0].Name, set.Name, m.Secret)
		}
		users[m.Secret] = append(users[m.Secret], set)
		if len(here) > 0 {
			otherOrganisation(p, job, set, m, here[0])
		}
	})
}

// otherOrganisation reports destinations of a set that its credential, by the
// name of the vault's item (quay.io/ORG), is not for.
func otherOrganisation(p *Pass, job *release.Job, set *release.Set, m release.SecretMount, secret *release.Secret) {
	var orgs []organisation
	var names []string
	for _, item := range secret.Items {
		if host, org, ok := strings.Cut(item, "/"); ok && strings.Contains(host, ".") {
			orgs = append(orgs, organisation{host, org})
			names = append(names, item)
		}
	}
	if len(orgs) == 0 {
		return // nothing says what it is for
	}
	counted := map[organisation]bool{}
	for _, file := range p.tree.Runs().Files(job) {
		if file.Set != set {
			continue
		}
		for pair := range file.Pairs() {
			org := organisationOf(pair.Destination)
			sameHost := slices.ContainsFunc(orgs, func(o organisation) bool { return o.host == org.host })
			if !sameHost || slices.Contains(orgs, org) || counted[org] {
				continue
			}
			counted[org] = true
			f := p.Report(m.Pos, "use the credential of "+org.String(), "%s pushes to %s with %s, the credential for %s",
				job.Name, org, m.Secret, strings.Join(names, ", "))
			f.Related = append(f.Related, Related{Pos: pair.Destination.Pos, Message: "the first destination there"},
				Related{Pos: secret.Pos, Message: "the secret is made here"})
		}
	}
}
