package validate

import (
	"golang.org/x/tools/txtar"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// ExampleTree loads an example of a rule: a release repository in txtar form.
func ExampleTree(example string) (*release.Tree, error) {
	files, err := txtar.FS(txtar.Parse([]byte(example)))
	if err != nil {
		return nil, err
	}
	return release.Load(files)
}

// exampleJobs is the jobs file of a rule's example: one periodic with one glob.
func exampleJobs(set, glob string) string {
	return `-- ci-operator/jobs/infra-image-mirroring.yaml --
periodics:
- name: periodic-image-mirroring-` + set + `
  cron: '@hourly'
  spec:
    containers:
    - command: [/bin/bash, -c]
      args:
      - |
        for mapping in /etc/imagemirror/` + glob + `; do
          oc image mirror -f="$mapping"
        done
      volumeMounts:
      - mountPath: /etc/imagemirror
        name: config
    volumes:
    - name: config
      configMap:
        name: image-mirror-mappings
`
}
