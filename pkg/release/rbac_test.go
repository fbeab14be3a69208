package release

import (
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func TestManifests(t *testing.T) {
	fsys := fstest.MapFS{
		"clusters/app.ci/registry-access/team/admin.yaml": {Data: []byte(`apiVersion: v1
kind: Namespace
metadata:
  name: team
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: pull
  namespace: team
roleRef: {kind: ClusterRole, name: "system:image-puller"}
subjects:
- {kind: Group, name: "system:authenticated"}
---
kind: Role
metadata: {name: image-tagger, namespace: team}
rules:
- apiGroups: [""]
  resources: [imagestreamtags]
  verbs: [update]
---
kind: RoleBinding
metadata: {name: image-tagger-ci-operator, namespace: team}
roleRef: {kind: Role, name: image-tagger}
subjects:
- {kind: ServiceAccount, name: ci-operator, namespace: ci}
`)},
		"core-services/various_rbac/old.yaml": {Data: []byte(`kind: List
items:
- kind: RoleBinding
  apiVersion: authorization.openshift.io/v1
  metadata: {name: old, namespace: old}
  roleRef: {name: view}
  userNames: ["system:serviceaccount:ci:mirror"]
- kind: RoleBinding
  metadata: {name: older, namespace: old}
  roleRef: {name: reader, namespace: old}
  groupNames: ["system:unauthenticated"]
- kind: RoleBinding
  metadata: {name: broken, namespace: old}
  roleRef: [1, 2]
  subjects: 7
- kind: ClusterRoleBinding
  metadata: {name: all}
  roleRef: {kind: ClusterRole, name: tagger}
  subjects:
  - {kind: SystemGroup, name: admins}
- kind: ClusterRole
  metadata: {name: tagger}
  rules:
  - {resources: ["*"], verbs: ["*"]}
`)},
		"clusters/app.ci/images/is.yaml": {Data: []byte(`kind: ImageStream
metadata: {name: base, namespace: ci}
spec:
  tags:
  - name: 1.0
  - name: latest
---
kind: BuildConfig
metadata: {name: built, namespace: ci}
spec:
  output:
    to: {kind: ImageStreamTag, name: "built:v1", namespace: other}
`)},
		"clusters/app.ci/text.yaml":         {Data: []byte("kind: RoleBinding\nthis: [is not\n")},
		"clusters/build01/common/none.yaml": {Data: []byte("kind: Namespace\nmetadata: {name: build01}\n")},
	}
	m := (&Tree{FS: fsys, Layout: DefaultLayout()}).Manifests()
	type expected struct {
		namespace, subject string
		pull, push         bool
		line               int
	}
	want := []expected{
		{"team", "system:authenticated", true, false, 6},
		{"team", "system:serviceaccount:ci:ci-operator", false, true, 22},
		{"old", "system:serviceaccount:ci:mirror", true, false, 3},
		{"old", "system:unauthenticated", false, false, 8},
		{"", "admins", true, true, 16},
	}
	if len(m.Grants) != len(want) {
		t.Fatalf("%d grants, want %d: %+v", len(m.Grants), len(want), m.Grants)
	}
	for i, g := range m.Grants {
		if got := (expected{g.Namespace, g.Subject.String(), m.MayPull(g), m.MayPush(g), g.Pos.Line}); got != want[i] {
			t.Errorf("grant %d is %+v, want %+v", i, got, want[i])
		}
	}
	if got := len(m.In("old")); got != 3 {
		t.Errorf("%d grants hold in old, want its two and the cluster's", got)
	}
	if got := len(m.In("build01")); got != 1 {
		t.Errorf("%d grants hold in build01, want the cluster's", got)
	}
	for tag, want := range map[ImageTag]bool{
		{Stream{"ci", "base"}, "1.0"}:    true,
		{Stream{"ci", "base"}, "2.0"}:    false,
		{Stream{"other", "built"}, "v1"}: true,
		{Stream{"ci", "built"}, "v1"}:    false,
	} {
		if got := m.Declared(tag); got != want {
			t.Errorf("%s is declared: %v, want %v", tag, got, want)
		}
	}
	if _, ok := m.Role("team", "image-tagger"); !ok {
		t.Error("the role of team is missing")
	}
}

func FuzzReadManifests(f *testing.F) {
	f.Add("kind: List\nitems:\n- kind: RoleBinding\n  roleRef: {name: view}\n---\nkind: Namespace\nmetadata:\n  name: x\n")
	f.Add("kind: RoleBinding\nsubjects:\n- kind: Group\n  name: \"system:x\"\n")
	f.Fuzz(func(_ *testing.T, text string) {
		m := &Manifests{Namespaces: map[string]source.Position{}, roles: map[roleKey]Role{}, tags: map[ImageTag]source.Position{}, streams: map[Stream]bool{}}
		objects, _, _ := readManifests([]byte(text))
		for _, o := range objects {
			m.add("x.yaml", o)
		}
	})
}

func TestSubjectCovers(t *testing.T) {
	for s, want := range map[Subject]bool{
		{"Group", "", "system:authenticated"}:             true,
		{"Group", "", "system:unauthenticated"}:           true,
		{"Group", "", "system:serviceaccounts:ci"}:        true,
		{"Group", "", "system:serviceaccounts:other"}:     false,
		{"Group", "", "art-admins"}:                       false,
		{"ServiceAccount", "ci", "mirror"}:                true,
		{"ServiceAccount", "team", "mirror"}:              false,
		{"ServiceAccount", "ci", "other"}:                 false,
		{"User", "", "system:serviceaccount:ci:mirror"}:   true,
		{"User", "", "system:serviceaccount:team:mirror"}: false,
	} {
		if got := s.Covers("ci", "mirror"); got != want {
			t.Errorf("%v covers ci/mirror: %v, want %v", s, got, want)
		}
	}
}
