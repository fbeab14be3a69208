package validate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobSecret() Rule {
	return Rule{
		ID:    "job-secret",
		Title: "a secret that nothing creates for the job's cluster and namespace",
		Why: "A pod whose secret is missing never starts: the job waits until its timeout and nothing is mirrored. " +
			"A secret that exists elsewhere does not help, because secrets are per cluster and namespace.",
		Fix: "Add the secret to core-services/ci-secret-bootstrap/_config.yaml for the job's cluster, or correct its name. " +
			"For secrets that teams create themselves, list patterns of their names under self_service_secrets in _mirror.yaml.",
		Severity: source.Warning,
		Bad:      exampleSecretJob("push-team", "config.json") + exampleSecret("push-other", "config.json"),
		Good:     exampleSecretJob("push-team", "config.json") + exampleSecret("push-team", "config.json"),
		Check: func(p *Pass) {
			eachSecret(p, func(job *release.Job, m release.SecretMount, here, elsewhere []*release.Secret) {
				if len(here) > 0 {
					return
				}
				if len(elsewhere) == 0 {
					unknownSecret(p, job, m)
					return
				}
				where := place(job.Cluster, jobNamespace(p, job))
				f := p.ReportAs(source.Error, m.Pos, "add the job's cluster and namespace to the secret in "+p.tree.Layout.Secrets,
					"the secret %s that %s mounts is not created in %s", m.Secret, job.Name, where)
				f.Cause = Cause{ID: where, Summary: "{n} secrets that jobs mount are not created in " + where, Hint: "add " + where + " to the secrets in " + p.tree.Layout.Secrets}
				for _, s := range elsewhere {
					f.Related = append(f.Related, Related{Pos: s.Pos, Message: "created in " + place(s.Cluster, s.Namespace)})
				}
			})
		},
	}
}

// unknownSecret reports a secret that ci-secret-bootstrap does not create. It
// does not report secrets that teams create themselves according to the
// settings. If jobs have such secrets, other secrets may be created by teams
// too, unless their name is similar to a known one.
func unknownSecret(p *Pass, job *release.Job, m release.SecretMount) {
	settings, severity := p.tree.Settings, p.rule.Severity
	hint := "add it to " + p.tree.Layout.Secrets + ", or correct the name; teams that sync it themselves may ignore this"
	near := suggest.Nearest(m.Secret, secretNames(p))
	switch own := settings.SelfService(m.Secret); {
	case own && slices.Contains(settings.Keys(), "self_service_secrets"):
		return
	case own:
		severity = source.Info
	case near != "" && suggest.Distance(m.Secret, near) <= 2:
		hint = "did you mean " + near + "? Else add it to " + p.tree.Layout.Secrets
	case usesSelfService(p):
		severity = source.Info
	}
	f := p.ReportAs(severity, m.Pos, hint, "nothing in %s creates the secret %s that %s mounts", p.tree.Layout.Secrets, m.Secret, job.Name)
	f.Parts = []string{"nothing creates the secret " + m.Secret} // for any name of the job
	if severity == source.Info {
		f.Cause = Cause{ID: "self-service", Summary: "nothing in " + p.tree.Layout.Secrets + " creates {n} secrets that jobs mount: teams may create them themselves",
			Hint: "list patterns of their names under self_service_secrets in " + p.tree.Layout.Settings() + ", or correct the names"}
	}
}

// secretNames returns the names of the secrets that ci-secret-bootstrap creates.
func secretNames(p *Pass) []string {
	var names []string
	for _, s := range p.tree.Secrets().List {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// usesSelfService reports whether a job mounts a secret that its team creates
// itself.
func usesSelfService(p *Pass) bool {
	return slices.ContainsFunc(p.tree.Jobs.Jobs, func(job *release.Job) bool {
		return slices.ContainsFunc(job.Secrets, func(m release.SecretMount) bool {
			return p.tree.Settings.SelfService(m.Secret) && len(p.tree.Secrets().Named(m.Secret)) == 0
		})
	})
}

func jobSecretKey() Rule {
	return Rule{
		ID:    "job-secret-key",
		Title: "a mount of a key that the secret does not hold",
		Why: "Kubernetes mounts an empty folder where the credentials should be, and the job fails with a message about a folder, " +
			"or pushes without credentials.",
		Fix:      "Mount the key that the secret has, or add the key in core-services/ci-secret-bootstrap/_config.yaml.",
		Severity: source.Error,
		Bad:      exampleSecretJob("push-team", "config.json") + exampleSecret("push-team", ".dockerconfigjson"),
		Good:     exampleSecretJob("push-team", ".dockerconfigjson") + exampleSecret("push-team", ".dockerconfigjson"),
		Check: func(p *Pass) {
			eachSecret(p, func(job *release.Job, m release.SecretMount, here, _ []*release.Secret) {
				holds := func(s *release.Secret) bool { return slices.Contains(s.Keys, m.Key) }
				if m.Key == "" || len(here) == 0 || slices.ContainsFunc(here, holds) {
					return
				}
				s := here[0]
				f := p.Report(m.KeyPos, "mount "+strings.Join(s.Keys, " or "),
					"%s mounts the key %s of the secret %s, which holds only %s", job.Name, m.Key, m.Secret, strings.Join(s.Keys, ", "))
				f.Related = append(f.Related, Related{Pos: s.Pos, Message: "the secret is created here"})
			})
		},
	}
}

// eachSecret calls f for every secret that a mirroring job mounts, with the
// secrets of its name that ci-secret-bootstrap creates in the job's cluster and
// namespace, and elsewhere.
func eachSecret(p *Pass, f func(job *release.Job, m release.SecretMount, here, elsewhere []*release.Secret)) {
	if p.known(p.noJobs(), p.tree.Secrets().Missing) {
		eachMount(p, f)
	}
}

// eachMount is eachSecret for a tree with jobs. Without the configuration of
// ci-secret-bootstrap, the created secrets are unknown.
func eachMount(p *Pass, f func(job *release.Job, m release.SecretMount, here, elsewhere []*release.Secret)) {
	secrets := p.tree.Secrets()
	for _, job := range p.tree.Jobs.Jobs {
		if !job.Mirrors {
			continue
		}
		for _, m := range job.Secrets {
			var here, elsewhere []*release.Secret
			for _, s := range secrets.Named(m.Secret) {
				if s.In(job.Cluster, jobNamespace(p, job)) {
					here = append(here, s)
				} else {
					elsewhere = append(elsewhere, s)
				}
			}
			f(job, m, here, elsewhere)
		}
	}
}

// jobNamespace returns the namespace of a job's pod.
func jobNamespace(p *Pass, job *release.Job) string {
	return cmp.Or(job.Namespace, p.tree.Settings.Namespace)
}

func place(cluster, namespace string) string {
	if cluster == "" {
		return "namespace " + namespace
	}
	return "namespace " + namespace + " of cluster " + cluster
}

// exampleSecretJob is the jobs file of an example whose job mounts a key.
func exampleSecretJob(secret, key string) string {
	return `-- ci-operator/jobs/infra-image-mirroring.yaml --
periodics:
- name: periodic-image-mirroring-team
  cluster: app.ci
  spec:
    containers:
    - command: [mirror, run, -f, /etc/imagemirror/mapping_team*]
      volumeMounts:
      - {mountPath: /etc/imagemirror, name: config}
      - mountPath: /home/mirror/.docker/config.json
        name: push
        subPath: ` + key + `
    volumes:
    - {name: config, configMap: {name: image-mirror-mappings}}
    - name: push
      secret:
        secretName: ` + secret + `
`
}

func exampleSecret(name, key string) string {
	return `-- core-services/ci-secret-bootstrap/_config.yaml --
secret_configs:
- from:
    ` + key + `: {field: push, item: quay.io/team}
  to:
  - cluster: app.ci
    namespace: ci
    name: ` + name + `
`
}
