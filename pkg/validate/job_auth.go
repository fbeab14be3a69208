package validate

import (
	"path"
	"regexp"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobAuth() Rule {
	return Rule{
		ID:    "job-auth",
		Title: "a job that prepares credentials and does not use them, or logs in without a token",
		Why: "The job logs in to a registry, writes the login into a file, and mirrors without that file: " +
			"the registry refuses sources that need the login, or the push uses another account. " +
			"A login to the cluster's registry needs the token of a service account, " +
			"which Prow mounts only if the job asks for it.",
		Fix:      "Pass the file on with -a FILE, or remove the login; set automountServiceAccountToken: true for a login.",
		Severity: source.Error,
		Bad:      exampleScript("oc registry login --to /tmp/config.json", `oc image mirror -f="$mapping" --skip-multiple-scopes`),
		Good:     exampleScript("oc registry login --to /tmp/config.json", `oc image mirror -a /tmp/config.json -f="$mapping" --skip-multiple-scopes`),
		Check: func(p *Pass) {
			for _, job := range p.jobs() {
				if job.Mirrors && !unusedLogin(p, job) {
					loginWithoutToken(p, job)
				}
			}
		},
	}
}

var (
	loginTo  = regexp.MustCompile(`registry login\b[^\n]*?--to[= ]["']?([^\s"';|&]+)`)
	usesAuth = regexp.MustCompile(`(?:\s-a[= ]?|--registry-config[= ]|REGISTRY_AUTH_FILE=|DOCKER_CONFIG=)["']?([^\s"';|&]+)`)
)

// unusedLogin reports logins in a job's scripts that write an auth file which
// no command uses. It returns whether there is one.
func unusedLogin(p *Pass, job *release.Job) (found bool) {
	for _, arg := range job.Args {
		script := withoutComments(arg.Value)
		used := map[string]bool{}
		for _, m := range usesAuth.FindAllStringSubmatch(script, -1) {
			used[m[1]], used[path.Join(m[1], "config.json")] = true, true
		}
		for _, m := range loginTo.FindAllStringSubmatchIndex(script, -1) {
			file := script[m[2]:m[3]]
			if used[file] || strings.HasSuffix(file, "/.docker/config.json") {
				continue // default path of docker, podman and oc
			}
			f := p.Report(release.Locate(p.tree.Jobs.Path, p.tree.Jobs.Text, arg, m[0]), "pass -a "+file+" to oc image mirror, or remove the login",
				"%s logs in to %s and does not use it", job.Name, file)
			f.Cause = Cause{ID: file, Summary: "{n} jobs log in to " + file + " and do not use it"}
			found = true
		}
	}
	return found
}

var (
	loginToRegistry = regexp.MustCompile(`\boc registry login\b[^\n]*`)
	otherIdentity   = regexp.MustCompile(`\boc login\b|KUBECONFIG=|--kubeconfig\b|--token\b`)
)

// loginWithoutToken reports jobs that log in to the registry of their cluster
// with a service account whose token Prow does not mount.
func loginWithoutToken(p *Pass, job *release.Job) {
	if job.HasToken() {
		return
	}
	const hint = "set automountServiceAccountToken: true in its spec"
	if from := job.Mappings.From; from != nil && from.LogsIn {
		p.Report(tokenPos(job, job.NamedAt()), hint,
			"the entry point of %s logs in to the cluster's registry, and no service account token is mounted", job.Name)
		return
	}
	for _, arg := range job.Args {
		script := withoutComments(arg.Value)
		at := loginToRegistry.FindStringIndex(script)
		if _, set := job.Env["KUBECONFIG"]; at == nil || set || otherIdentity.MatchString(script) {
			continue
		}
		p.Report(tokenPos(job, release.Locate(p.tree.Jobs.Path, p.tree.Jobs.Text, arg, at[0])), hint,
			"%s logs in to the cluster's registry, and no service account token is mounted", job.Name)
	}
}

// tokenPos returns the position of a job's token setting, or that of its login.
func tokenPos(job *release.Job, login source.Position) source.Position {
	if job.Token != nil {
		return job.TokenPos
	}
	return login
}

// withoutComments blanks out the lines of a script that are comments, so that
// offsets stay as they are.
func withoutComments(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			line = strings.Repeat(" ", len(line)-1) + line[len(line)-1:]
		}
		b.WriteString(line)
	}
	return b.String()
}

// exampleScript is the jobs file of an example with two lines of shell.
func exampleScript(prepare, mirror string) string {
	return `-- ci-operator/jobs/infra-image-mirroring.yaml --
periodics:
- name: periodic-image-mirroring-team
  decorate: true
  labels:
    ci.openshift.io/area: team
    ci.openshift.io/role: image-mirroring
  spec:
    automountServiceAccountToken: true
    containers:
    - command: [/bin/bash]
      args:
      - -c
      - |
        failures=0
        ` + prepare + `
        for mapping in /etc/imagemirror/mapping_team*; do
          if ! ` + mirror + `; then
            failures=$((failures+1))
          fi
        done
        exit $failures
      volumeMounts:
      - {mountPath: /etc/imagemirror, name: config}
    volumes:
    - {name: config, configMap: {name: image-mirror-mappings}}
`
}
