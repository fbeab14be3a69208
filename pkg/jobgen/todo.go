package jobgen

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// todo returns the manual steps for a new set, in order.
func (n *newSet) todo(job release.JobSettings, known bool) []Step {
	var steps []Step
	tags := n.unpromoted()
	for _, t := range tags {
		steps = append(steps, Step{"Promote " + t.String(), fmt.Sprintf(`nothing in %[4]s promotes it. Add to the config of the repository that builds
the image (name the image %[3]s):

    promotion:
      name: %[2]s
      namespace: %[1]s
`, t.Namespace, t.Name, t.Tag, n.tree.Layout.Config)})
	}
	for _, ns := range n.newNamespaces(tags) {
		steps = append(steps, Step{"Allow ci-operator to push to the namespace " + ns, fmt.Sprintf(rbac, ns, n.manifest(ns))})
	}
	switch to := n.targets()[0]; {
	case known:
	case n.like.selfService():
		steps = append(steps, Step{"Put a credential with push access to " + to + " into the self-service vault", fmt.Sprintf(`as a secret in your team's collection with these keys. CONFIG is the docker or podman
auth file of a robot account of that organisation:

    %s: CONFIG
    secretsync/target-clusters: %s
    secretsync/target-namespace: %s
    secretsync/target-name: %s
`, cmp.Or(job.SecretKey, "config.json"), n.cluster(job), n.tree.Settings.Namespace, job.Secret)})
	default:
		steps = append(steps,
			Step{"Send a credential with push access to " + to + " to the CI team", n.askFor()},
			Step{"Create the secret from the credential", fmt.Sprintf(`in %s, under secret_configs:

    - from:
        %s:
          field: push-credentials
          item: %s
      to:
      - cluster: %s
        name: %s
        namespace: %s
`, n.tree.Layout.Secrets, cmp.Or(job.SecretKey, "config.json"), to, n.cluster(job), job.Secret, n.tree.Settings.Namespace)})
	}
	steps = append(steps, Step{"Open a pull request with the new files", "The approvers of the set, or those of " + n.tree.Layout.Mirroring + ", approve it. After the merge, config-updater\n" +
		"uploads the mappings and the jobs, and the job runs at its next scheduled time.\n"})
	return append(steps, Step{"Verify after the merge", n.commands()})
}

// askFor describes how to send a credential to the CI team. It refers to the
// README of the sets if that mentions credentials.
func (n *newSet) askFor() string {
	const what = "a docker or podman auth file of a robot account of that organisation, encrypted."
	readme := strings.ToLower(string(n.tree.Text(n.tree.Layout.Readme())))
	if strings.Contains(readme, "credential") || strings.Contains(readme, "secret") {
		return what + "\n" + n.tree.Layout.Readme() + " describes how."
	}
	return what + "\nThe people who run Prow store it in their vault."
}

// commands returns two commands that verify images and mappings.
func (n *newSet) commands() string {
	var b strings.Builder
	if all := n.streams(); len(all) > 0 {
		fmt.Fprintf(&b, "    oc get is -n %s %s -o yaml | yq -r '.spec.tags[].name'\n", all[0].Namespace, all[0].Name)
	}
	fmt.Fprintf(&b, "    oc get cm -n %s %s -o yaml | yq -r '.data | keys[]' | grep '^%s'\n", n.tree.Settings.Namespace, n.tree.Settings.ConfigMap, n.key)
	return b.String()
}

// streams returns the tags of the cluster's own registry that are sources of the
// set.
func (n *newSet) streams() []release.ImageTag {
	var out []release.ImageTag
	own := slices.Collect(maps.Values(n.tree.Settings.ClusterRegistries))
	for e := range n.file.Entries() {
		namespace, name, ok := strings.Cut(e.Source.Path(), "/")
		if ok && !strings.Contains(name, "/") && e.Source.Tag != "" && slices.Contains(own, e.Source.Host()) && !e.Source.Wildcard() {
			out = append(out, release.ImageTag{Stream: release.Stream{Namespace: namespace, Name: name}, Tag: e.Source.Tag})
		}
	}
	return out
}

// unpromoted returns the source tags that nothing publishes.
func (n *newSet) unpromoted() []release.ImageTag {
	var out []release.ImageTag
	promotions, manifests := n.tree.Promotions(), n.tree.Manifests()
	for _, t := range n.streams() {
		if !promotions.Filled(t) && !manifests.Declared(t) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// newNamespaces returns the namespaces of the tags that have no promotions yet
// and no role that allows them.
func (n *newSet) newNamespaces(tags []release.ImageTag) []string {
	var out []string
	there := n.tree.Promotions().Namespaces()
	for _, t := range tags {
		if _, ok := n.tree.Manifests().Role(t.Namespace, "image-tagger"); ok {
			continue
		}
		if !slices.ContainsFunc(there, func(p release.Promotion) bool { return p.Namespace == t.Namespace }) && !slices.Contains(out, t.Namespace) {
			out = append(out, t.Namespace)
		}
	}
	return out
}

// manifest returns the path of a namespace's manifests, beside those of other
// namespaces.
func (n *newSet) manifest(namespace string) string {
	if len(n.tree.Layout.Manifests) == 0 {
		return namespace + "/admin_manifest.yaml"
	}
	dir := n.tree.Layout.Manifests[0]
	if info, err := fs.Stat(n.tree.FS, dir+"/registry-access"); err == nil && info.IsDir() {
		dir += "/registry-access"
	}
	return dir + "/" + namespace + "/admin_manifest.yaml"
}

// rbac allows ci-operator to push to a namespace and everybody to pull from it.
const rbac = `as the complete file %[2]s:

    apiVersion: v1
    kind: List
    items:
    - apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata:
        name: image-tagger
        namespace: %[1]s
      rules:
      - apiGroups: ["", image.openshift.io]
        resources: [imagestreams, imagestreamtags]
        verbs: [create, get, list, update, watch]
    - apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata:
        name: image-tagger-ci-operator
        namespace: %[1]s
      roleRef:
        apiGroup: rbac.authorization.k8s.io
        kind: Role
        name: image-tagger
      subjects:
      - kind: ServiceAccount
        name: ci-operator
        namespace: ci
    - apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata:
        name: image-puller
        namespace: %[1]s
      roleRef:
        apiGroup: rbac.authorization.k8s.io
        kind: ClusterRole
        name: system:image-puller
      subjects:
      - apiGroup: rbac.authorization.k8s.io
        kind: Group
        name: system:authenticated
`
