package validate

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
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
		Why: "Whoever can change a set's mappings can push with its credential. A credential of another organisation, " +
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
	if !p.known(p.noJobs(), p.tree.Secrets().Missing) {
		return
	}
	pushers := secretPushers(p)
	for _, secret := range slices.Sorted(maps.Keys(pushers)) {
		all := pushers[secret]
		sharedBy(p, secret, all)
		for _, u := range all {
			if len(all[0].foreign) > 0 || u.set == all[0].set { // otherwise it belongs to another set, which was reported
				otherOrganisation(p, u)
			}
		}
	}
}

// secretPushers returns the sets that push with each secret, its owner first.
// Secrets that no job pushes with, such as pull secrets, have no owner.
func secretPushers(p *Pass) map[string][]*secretUser {
	if p.pushers != nil {
		return p.pushers
	}
	p.pushers = map[string][]*secretUser{}
	pushed := map[string]bool{}
	pattern := "" // the name of the secret in the template
	if template := p.tree.Template(); template != nil && len(template.Secrets) > 0 {
		pattern = template.Secrets[0].Secret
	}
	eachMount(p, func(job *release.Job, m release.SecretMount, here, _ []*release.Secret) {
		set := p.tree.Runs().SetOf(job)
		if set == nil {
			return
		}
		u := &secretUser{set: set, job: job, mount: m, SecretUser: release.SecretUser{Set: set.Name,
			Named: release.NamedAfter(m.Secret, pattern, set.Name), Allowed: p.tree.Settings.Allows(set.Name, release.PowerSecret)}}
		if len(here) > 0 {
			u.secret = here[0]
			u.foreign = foreignDestinations(p, job, set, here[0])
			u.Foreign = len(u.foreign)
		}
		p.pushers[m.Secret] = append(p.pushers[m.Secret], u)
		pushed[m.Secret] = pushed[m.Secret] || pushesWith(job, m)
	})
	maps.DeleteFunc(p.pushers, func(secret string, _ []*secretUser) bool { return !pushed[secret] })
	for _, users := range p.pushers {
		slices.SortStableFunc(users, func(a, b *secretUser) int {
			return cmp.Or(a.Compare(b.SecretUser), strings.Compare(a.set.Name, b.set.Name))
		})
	}
	return p.pushers
}

// pushesWith reports whether a job may push with a secret that it mounts. If it
// mounts secrets as auth files, only these count.
func pushesWith(job *release.Job, m release.SecretMount) bool {
	return authFile(m) || !slices.ContainsFunc(job.Secrets, authFile)
}

// authFile reports whether a secret is mounted as an auth file of oc, docker or
// podman.
func authFile(m release.SecretMount) bool {
	base := path.Base(m.MountPath)
	return base == "config.json" || base == "auth.json" || base == ".docker" || base == ".dockerconfigjson"
}

// secretUser is a set whose job mounts a secret.
type secretUser struct {
	release.SecretUser
	set     *release.Set
	job     *release.Job
	mount   release.SecretMount
	secret  *release.Secret     // nil if nothing creates it
	foreign []mapping.Reference // first destination of each organisation that the secret is not for
}

// sharedBy reports every set except the owner that uses a secret.
func sharedBy(p *Pass, secret string, users []*secretUser) {
	owner := users[0].set.Name
	seen := map[string]bool{owner: true}
	for _, u := range users {
		if seen[u.set.Name] {
			continue
		}
		seen[u.set.Name] = true
		severity := p.rule.Severity
		if u.Allowed {
			severity = source.Info
		}
		f := p.ReportAs(severity, u.mount.Pos, "give each set a credential of its own",
			"the sets %s and %s push with the same secret, %s", owner, u.set.Name, secret)
		f.Parts = []string{"several sets push with the same secret, " + secret}
		f.power = power{u.set.Name, release.PowerSecret}
		f.Cause = Cause{ID: "shared " + secret, Summary: "{n} sets push with the secret of the set " + owner + ", " + secret}
		f.Related = append(f.Related, Related{Pos: users[0].mount.Pos, Message: "the set " + owner + " mounts it here"})
	}
}

// credentialFor returns the organisations that a secret is for.
func credentialFor(secret *release.Secret) []organisation {
	var orgs []organisation
	for _, item := range secret.Organisations() {
		host, org, _ := strings.Cut(item, "/")
		orgs = append(orgs, organisation{host, org})
	}
	return orgs
}

// foreignDestinations returns the first destination of each organisation that a
// set's credential is not for. It leaves out destinations that other rules
// report as another set's or misspelt.
func foreignDestinations(p *Pass, job *release.Job, set *release.Set, secret *release.Secret) []mapping.Reference {
	orgs := credentialFor(secret)
	counted := map[organisation]bool{}
	var foreign []mapping.Reference
	for _, file := range p.tree.Runs().Files(job) {
		if file.Set != set {
			continue
		}
		for pair := range file.Pairs() {
			org := organisationOf(pair.Destination)
			sameHost := slices.ContainsFunc(orgs, func(o organisation) bool { return o.host == org.host })
			if !sameHost || slices.Contains(orgs, org) || counted[org] || p.misspelt(pair.Destination, set.Name, false) != "" ||
				p.counted().writers[pair.Destination.Canonical()] > 1 {
				continue
			}
			counted[org] = true
			foreign = append(foreign, pair.Destination)
		}
	}
	return foreign
}

// otherOrganisation reports destinations outside the organisations of a set's
// credential.
func otherOrganisation(p *Pass, u *secretUser) {
	for _, destination := range u.foreign {
		names := u.secret.Organisations()
		org := organisationOf(destination)
		f := p.Report(u.mount.Pos, "use the credential of "+org.String(), "%s pushes to %s with %s, the credential for %s",
			u.job.Name, org, u.mount.Secret, strings.Join(names, ", "))
		f.Cause = Cause{ID: u.mount.Secret + " for " + org.String(),
			Summary: fmt.Sprintf("{n} jobs push to %s with %s, the credential for %s", org, u.mount.Secret, strings.Join(names, ", "))}
		f.Related = append(f.Related, Related{Pos: destination.Pos, Message: "the first destination there"},
			Related{Pos: u.secret.Pos, Message: "the secret is created here"})
	}
}
