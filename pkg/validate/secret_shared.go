package validate

import (
	"fmt"
	"maps"
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
	users := map[string][]secretUser{} // by secret
	eachSecret(p, func(job *release.Job, m release.SecretMount, here, _ []*release.Secret) {
		set := p.tree.Runs().SetOf(job)
		if set == nil {
			return
		}
		if !slices.ContainsFunc(users[m.Secret], func(u secretUser) bool { return u.set == set }) {
			users[m.Secret] = append(users[m.Secret], secretUser{set, m})
		}
		if len(here) > 0 {
			otherOrganisation(p, job, set, m, here[0])
		}
	})
	for _, secret := range slices.Sorted(maps.Keys(users)) {
		sharedBy(p, secret, users[secret])
	}
}

// secretUser is a set whose job mounts a secret.
type secretUser struct {
	set   *release.Set
	mount release.SecretMount
}

// sharedBy reports every set that uses the secret of another: all but the first
// by name, so that the order of the jobs does not matter.
func sharedBy(p *Pass, secret string, users []secretUser) {
	slices.SortFunc(users, func(a, b secretUser) int { return strings.Compare(a.set.Name, b.set.Name) })
	for _, u := range users[1:] {
		f := p.Report(u.mount.Pos, "give each set a credential of its own",
			"the sets %s and %s push with one secret, %s", users[0].set.Name, u.set.Name, secret)
		f.Parts = []string{"several sets push with one secret, " + secret}
		f.Cause = Cause{ID: "shared " + secret, Summary: "{n} sets push with the secret of the set " + users[0].set.Name + ", " + secret}
		f.Related = append(f.Related, Related{Pos: users[0].mount.Pos, Message: "the set " + users[0].set.Name + " mounts it here"})
	}
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
			f.Cause = Cause{ID: m.Secret + " for " + org.String(), Summary: fmt.Sprintf("{n} jobs push to %s with %s, the credential for %s", org, m.Secret, strings.Join(names, ", "))}
			f.Related = append(f.Related, Related{Pos: pair.Destination.Pos, Message: "the first destination there"},
				Related{Pos: secret.Pos, Message: "the secret is made here"})
		}
	}
}
