package release

import (
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Manifests has the facts about the CI registry in the Kubernetes manifests of
// the tree: grants for the images of namespaces, and tags that an ImageStream
// or a BuildConfig creates.
type Manifests struct {
	// Files is the number of files with a manifest of interest.
	Files int
	// Grants has one entry for each subject of each role binding, in order of
	// file names.
	Grants []Grant
	// Namespaces are the namespaces that a manifest creates.
	Namespaces map[string]source.Position
	// Problems are files that could not be read or exceed a limit.
	Problems []source.Problem

	roles   map[roleKey]Role
	tags    map[ImageTag]source.Position
	streams map[Stream]bool // declared; true if with tags
}

// Grant is a role given to one subject.
type Grant struct {
	Namespace   string // "" for all of the cluster
	Role        string
	ClusterRole bool // the role is a ClusterRole
	Subject     Subject
	Binding     string // name of the binding
	Pos         source.Position
}

// Subject is a user, group or service account with a role.
type Subject struct {
	Kind      string // "User", "Group" or "ServiceAccount"
	Namespace string // of a ServiceAccount
	Name      string
}

// String returns the name under which Kubernetes knows the subject.
func (s Subject) String() string {
	if s.Kind == "ServiceAccount" {
		return "system:serviceaccount:" + s.Namespace + ":" + s.Name
	}
	return s.Name
}

// Covers reports whether a grant to s includes the service account.
func (s Subject) Covers(namespace, account string) bool {
	switch s.Kind {
	case "Group":
		return slices.Contains([]string{
			"system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:serviceaccounts:" + namespace,
		}, s.Name)
	case "ServiceAccount":
		return s.Namespace == namespace && s.Name == account
	}
	return s.Name == "system:serviceaccount:"+namespace+":"+account
}

// Role is a role that a manifest defines.
type Role struct {
	Pos   source.Position
	rules []roleRule
}

type roleKey struct{ namespace, name string }

type roleRule struct {
	Resources     []string `yaml:"resources"`
	ResourceNames []string `yaml:"resourceNames"`
	Verbs         []string `yaml:"verbs"`
}

// Role returns the role of a namespace, or with "" the ClusterRole, that a
// manifest defines.
func (m *Manifests) Role(namespace, name string) (Role, bool) {
	r, ok := m.roles[roleKey{namespace, name}]
	return r, ok
}

// In returns the grants that hold in a namespace: its own and the cluster's.
func (m *Manifests) In(namespace string) []Grant {
	var all []Grant
	for _, g := range m.Grants {
		if g.Namespace == namespace || g.Namespace == "" {
			all = append(all, g)
		}
	}
	return all
}

// Declared reports whether an ImageStream or a BuildConfig creates a tag.
func (m *Manifests) Declared(tag ImageTag) bool {
	_, ok := m.tags[tag]
	return ok
}

// DeclaredStream reports whether a manifest creates a stream.
func (m *Manifests) DeclaredStream(s Stream) bool {
	_, declared := m.streams[s]
	return declared
}

// DeclaresTags reports whether a manifest creates a stream with tags. A stream
// without tags is usually for others to push to.
func (m *Manifests) DeclaresTags(s Stream) bool { return m.streams[s] }

// pushRole reports whether a built-in role of OpenShift allows pushing and
// tagging images (openshift/origin, bootstrap policy).
func pushRole(name string) bool {
	switch name {
	case "admin", "edit", "cluster-admin", "registry-admin", "registry-editor", "system:image-builder", "system:image-pusher":
		return true
	}
	return false
}

// pullRole reports whether a built-in role of OpenShift allows pulling images.
func pullRole(name string) bool {
	switch name {
	case "view", "cluster-reader", "registry-viewer", "system:image-puller":
		return true
	}
	return pushRole(name)
}

// MayPull reports whether a grant lets its subject pull images.
func (m *Manifests) MayPull(g Grant) bool {
	return g.ClusterRole && pullRole(g.Role) ||
		m.allows(g, []string{"imagestreams/layers"}, []string{"get"})
}

// MayPush reports whether a grant lets its subject push or tag images.
func (m *Manifests) MayPush(g Grant) bool {
	return g.ClusterRole && pushRole(g.Role) ||
		m.allows(g, []string{"imagestreams/layers", "imagestreamtags"}, []string{"update"})
}

func (m *Manifests) allows(g Grant, resources, verbs []string) bool {
	key := roleKey{g.Namespace, g.Role}
	if g.ClusterRole {
		key.namespace = ""
	}
	return slices.ContainsFunc(m.roles[key].rules, func(r roleRule) bool {
		return len(r.ResourceNames) == 0 && anyOf(r.Resources, resources) && anyOf(r.Verbs, verbs)
	})
}

func anyOf(list, wanted []string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return s == "*" || slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, s) })
	})
}
