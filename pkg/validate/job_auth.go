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
		Title: "a job that prepares credentials and does not use them",
		Why: "The job logs in to a registry, writes the login into a file, and then mirrors without that file: " +
			"sources that need the login are refused, or what is pushed is pushed as somebody else.",
		Fix:      "Pass the file on with -a FILE, or remove the login.",
		Severity: source.Error,
		Bad:      exampleScript("oc registry login --to /tmp/config.json", `oc image mirror -f="$mapping" --skip-multiple-scopes`),
		Good:     exampleScript("oc registry login --to /tmp/config.json", `oc image mirror -a /tmp/config.json -f="$mapping" --skip-multiple-scopes`),
		Check: func(p *Pass) {
			if reason := p.noJobs(); reason != "" {
				p.Skip("%s", reason)
				return
			}
			for _, job := range p.tree.Jobs.Jobs {
				if job.Mirrors {
					unusedLogin(p, job)
				}
			}
		},
	}
}

var (
	loginTo  = regexp.MustCompile(`registry login\b[^\n]*?--to[= ]["']?([^\s"';|&]+)`)
	usesAuth = regexp.MustCompile(`(?:\s-a[= ]?|--registry-config[= ]|REGISTRY_AUTH_FILE=|DOCKER_CONFIG=)["']?([^\s"';|&]+)`)
)

// unusedLogin finds logins in a job's scripts that go to a file which no
// command is given.
func unusedLogin(p *Pass, job *release.Job) {
	for _, arg := range job.Args {
		script := withoutComments(arg.Value)
		used := map[string]bool{}
		for _, m := range usesAuth.FindAllStringSubmatch(script, -1) {
			used[m[1]], used[path.Join(m[1], "config.json")] = true, true
		}
		for _, m := range loginTo.FindAllStringSubmatchIndex(script, -1) {
			file := script[m[2]:m[3]]
			if used[file] || strings.HasSuffix(file, "/.docker/config.json") {
				continue // where docker, podman and oc look by themselves
			}
			f := p.Report(release.Locate(p.tree.Jobs.Path, p.tree.Jobs.Text, arg, m[0]), "pass -a "+file+" to oc image mirror, or remove the login",
				"%s logs in to %s and does not use it", job.Name, file)
			f.Cause = Cause{ID: file, Summary: "{n} jobs log in to " + file + " and do not use it"}
		}
	}
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
