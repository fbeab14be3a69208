package validate

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobSecret() Rule {
	return Rule{
		ID:    "job-secret",
		Title: "a secret that nothing creates for the job's cluster and namespace",
		Why: "A pod whose secret is missing never starts: the job waits until its timeout and nothing is mirrored. " +
			"A secret that exists elsewhere does not help, because secrets are per cluster and namespace.",
		Fix:      "Add the secret to core-services/ci-secret-bootstrap/_config.yaml for the job's cluster, or correct its name.",
		Severity: source.Warning,
		Bad:      exampleSecretJob("push-team", "config.json") + exampleSecret("push-other", "config.json"),
		Good:     exampleSecretJob("push-team", "config.json") + exampleSecret("push-team", "config.json"),
		Check: func(p *Pass) {
			eachSecret(p, func(job *release.Job, m release.SecretMount, here, elsewhere []*release.Secret) {
				if len(here) > 0 {
					return
				}
				if len(elsewhere) == 0 {
					p.Report(m.Pos, "add it to "+p.tree.Layout.Secrets+", or correct the name; teams that sync it themselves may ignore this",
						"nothing in %s creates the secret %s that %s mounts", p.tree.Layout.Secrets, m.Secret, job.Name)
					return
				}
				f := p.ReportAs(source.Error, m.Pos, "add the job's cluster and namespace to the secret in "+p.tree.Layout.Secrets,
					"the secret %s that %s mounts is not created in %s", m.Secret, job.Name, place(job.Cluster, jobNamespace(p, job)))
				for _, s := range elsewhere {
					f.Related = append(f.Related, Related{Pos: s.Pos, Message: "created in " + place(s.Cluster, s.Namespace)})
				}
			})
		},
	}
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
				if m.Key == "" || len(here) == 0 {
					return
				}
				for _, s := range here {
					for _, key := range s.Keys {
						if key == m.Key {
							return
						}
					}
				}
				s := here[0]
				f := p.Report(m.KeyPos, "mount "+strings.Join(s.Keys, " or "),
					"%s mounts the key %s of the secret %s, which holds only %s", job.Name, m.Key, m.Secret, strings.Join(s.Keys, ", "))
				f.Related = append(f.Related, Related{Pos: s.Pos, Message: "the secret is made here"})
			})
		},
	}
}

// eachSecret calls f for every secret that a mirroring job mounts, with what
// ci-secret-bootstrap creates under its name in the job's place and elsewhere.
func eachSecret(p *Pass, f func(job *release.Job, m release.SecretMount, here, elsewhere []*release.Secret)) {
	if reason := p.noJobs(); reason != "" {
		p.Skip("%s", reason)
		return
	}
	secrets := p.tree.Secrets()
	if secrets.Missing != "" {
		p.Skip("%s", secrets.Missing)
		return
	}
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

// namespace is where a job's pod runs.
func jobNamespace(p *Pass, job *release.Job) string {
	if job.Namespace != "" {
		return job.Namespace
	}
	return p.tree.Settings.Namespace
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
