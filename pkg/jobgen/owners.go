package jobgen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// holder is a set with one of its jobs.
type holder struct {
	set string
	job object
}

// pushSecrets returns the secrets with push credentials that each set's jobs
// mount.
func pushSecrets(jobs []holder) map[string][]string {
	out := map[string][]string{}
	for _, h := range jobs {
		if _, secret := pushVolume(h.job); secret != nil {
			out[h.set] = append(out[h.set], str(secret, "secretName"))
		}
	}
	return out
}

// ownership tells which set a secret with push credentials belongs to.
type ownership struct{ basis }

// secretOwners returns the set that each secret with push credentials belongs to, in
// the order of [release.SecretUser]. old are the jobs before a change, next those that
// replace them: a change must not make the secret of one set another's.
func (b ownership) secretOwners(old, next []holder) map[string]string {
	given := pushSecrets(next)
	users := map[string]release.SecretUser{}
	for i, h := range slices.Concat(old, next) {
		_, volume := pushVolume(h.job)
		secret := str(volume, "secretName")
		now, replaced := given[h.set]
		if secret == "" || b.common(secret) || replaced && !slices.Contains(now, secret) { // the set gives it up
			continue
		}
		u := release.SecretUser{Set: h.set, Added: i >= len(old), Allowed: b.repo.Allows(h.set, release.PowerSecret),
			Named: release.NamedAfter(secret, b.pattern(), h.set)}
		if first, ok := users[secret]; !ok || u.Compare(first) < 0 {
			users[secret] = u
		}
	}
	owners := map[string]string{}
	for secret, u := range users {
		owners[secret] = u.Set
	}
	return owners
}

// common reports whether the template gives a secret to every set.
func (b ownership) common(secret string) bool {
	return b.pattern() == secret
}

// pattern returns the name of the secret in the template.
func (b ownership) pattern() string {
	_, volume := pushVolume(b.template.value)
	return str(volume, "secretName")
}

// secretsIn returns the names of all secrets that a job reads, in any form: what
// stands under keys such as secretName, secretRef or ssh_key_secrets. Prow reads keys
// in any case.
func secretsIn(job object) []string {
	found := map[string]bool{}
	var walk func(v any, secret bool)
	walk = func(v any, secret bool) {
		switch v := v.(type) {
		case string:
			if secret && v != "" {
				found[v] = true
			}
		case []any:
			for _, item := range v {
				walk(item, secret)
			}
		case object:
			for key, value := range v {
				name := secret && strings.EqualFold(key, "name")
				walk(value, name || strings.Contains(strings.ToLower(key), "secret"))
			}
		}
	}
	for key, value := range job {
		if strings.EqualFold(key, "spec") || strings.EqualFold(key, "decoration_config") {
			walk(value, false)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// foreign is a secret of one set that the job of another reads.
type foreign struct{ set, secret, owner string }

// foreignSecrets returns the secrets of other sets that the new jobs read although
// the settings do not allow it.
func (b ownership) foreignSecrets(old, next []holder) []foreign {
	owners := b.secretOwners(old, next)
	var out []foreign
	seen := map[foreign]bool{} // shards read the same
	for _, h := range next {
		if b.repo.Allows(h.set, release.PowerSecret) {
			continue
		}
		for _, secret := range secretsIn(h.job) {
			f := foreign{h.set, secret, owners[secret]}
			if f.owner != "" && f.owner != h.set && !seen[f] {
				seen[f] = true
				out = append(out, f)
			}
		}
	}
	return out
}

// refuseForeignSecrets reports sets whose jobs would read the secrets of others.
// Whoever approves the folder of a set may write its settings, but not those of
// the repository.
func (g *generator) refuseForeignSecrets(jobs []made) {
	var old, next []holder
	for i, job := range g.old.jobs {
		if i < len(g.tree.Jobs.Jobs) {
			if set := g.tree.Runs().SetOf(g.tree.Jobs.Jobs[i]); set != nil {
				old = append(old, holder{set.Name, job})
			}
		}
	}
	subjects := map[string]subject{}
	for _, m := range jobs {
		if m.set != nil {
			next = append(next, holder{m.set.Name, m.value})
			subjects[m.set.Name] = m.subject
		}
	}
	users := map[string][]string{} // one problem for each secret
	all := ownership{g.b.basis}.foreignSecrets(old, next)
	for _, f := range all {
		users[f.secret] = append(users[f.secret], f.set)
	}
	for _, f := range all {
		if users[f.secret][0] == f.set {
			g.refuse(subjects[f.set], f, users[f.secret])
		}
	}
}

// refuse reports that the jobs of some sets read the secret of another. s is the
// first of them.
func (g *generator) refuse(s subject, f foreign, others []string) {
	const few = 5
	key, jobs, names, allow := "secret", "job", strings.Join(others, ", "), f.set
	if s.all.Secret != f.secret && len(s.own.Patch) > 0 {
		key = "patch"
	}
	if len(others) > few {
		names = fmt.Sprintf("%s and %d more", strings.Join(others[:few], ", "), len(others)-few)
	}
	if len(others) > 1 {
		jobs, allow = "jobs", "SET"
	}
	g.b.problems = append(g.b.problems, source.Problem{Pos: s.at(key), Message: fmt.Sprintf("the secret %s belongs to the set %s: the %s of %s must not read it", f.secret, f.owner, jobs, names),
		Hint: fmt.Sprintf("use another secret, or have the owners of %s allow it there: allow: {%s: [%s]}", g.tree.Layout.Settings(), allow, release.PowerSecret)})
}
