package validate

import (
	"slices"
	"strings"

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

// exampleBaseline is the file of an example that is used as the baseline.
const exampleBaseline = "baseline.json"

// RunExample applies one rule to the tree of an example, which may hold a
// baseline in baseline.json.
func RunExample(tree *release.Tree, rule Rule) (*Result, error) {
	text := tree.Text(exampleBaseline)
	if text == nil {
		return Run(tree, rule), nil
	}
	known, err := ReadKnown(text)
	if err != nil {
		return nil, err
	}
	result := Run(tree, Rules()...)
	known.Stale(result, exampleBaseline, tree.Settings)
	result.Findings = slices.DeleteFunc(result.Findings, func(f Finding) bool { return f.Rule != rule.ID })
	result.Skipped = slices.DeleteFunc(result.Skipped, func(s Skipped) bool { return s.Rule != rule.ID })
	return result, nil
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

// exampleConfig is a ci-operator config that promotes one image to a stream.
func exampleConfig(repo, namespace, stream, image string) string {
	return "-- ci-operator/config/" + repo + "/" + strings.ReplaceAll(repo, "/", "-") + `-main.yaml --
images:
- dockerfile_path: Dockerfile
  to: ` + image + `
promotion:
  name: ` + stream + `
  namespace: ` + namespace + "\n"
}

// exampleTagger lets ci-operator promote to a namespace.
func exampleTagger(namespace string) string {
	return `-- clusters/app.ci/registry-access/` + namespace + `/admin_manifest.yaml --
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: image-tagger
  namespace: ` + namespace + `
rules:
- apiGroups: [image.openshift.io]
  resources: [imagestreamtags, imagestreams]
  verbs: [get, create, update, patch]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: image-tagger-ci-operator
  namespace: ` + namespace + `
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: image-tagger
subjects:
- kind: ServiceAccount
  name: ci-operator
  namespace: ci
`
}

// examplePuller lets everybody pull the images of a namespace.
func examplePuller(namespace string) string {
	return `-- clusters/app.ci/registry-access/` + namespace + `/admin_manifest.yaml --
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: image-puller
  namespace: ` + namespace + `
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: system:image-puller
subjects:
- kind: Group
  apiGroup: rbac.authorization.k8s.io
  name: system:authenticated
`
}

// exampleMapping is the mapping file of most examples.
const exampleMapping = `-- core-services/image-mirroring/team/mapping_team --
registry.ci.openshift.org/team/stream:app quay.io/team/app:latest
`
