package effects

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// AccessKind is the kind of access that a set has or needs.
type AccessKind string

// The kinds of access.
const (
	Push   AccessKind = "push"   // its jobs mount a credential for an organisation
	Writes AccessKind = "writes" // its mappings push to an organisation
	Reads  AccessKind = "reads"  // its mappings pull from a namespace of the CI registry
)

// Access is an access that a set gains or loses.
type Access struct {
	Place
	Set  string     `json:"set"`
	Kind AccessKind `json:"kind"`
	// What is the organisation with its registry, such as quay.io/openshift, or
	// the namespace. It is "" if the tree does not show what a secret is for.
	What   string `json:"what,omitempty"`
	Secret string `json:"secret,omitempty"` // with Push
	Lost   bool   `json:"lost,omitempty"`   // the set loses it
}

// Text describes the access; it follows the name of the set.
func (a Access) Text() Words {
	switch {
	case a.Kind == Push && a.Lost && a.What == "":
		return Words{Say("no longer has the secret "), Code(a.Secret)}
	case a.Kind == Push && a.Lost:
		return Words{Say("can no longer push to "), Code(a.What), Say(" with the secret "), Code(a.Secret)}
	case a.Kind == Push && a.What == "":
		return Words{Say("has the secret "), Code(a.Secret), Say(" for the first time; this repository does not show where it can push")}
	case a.Kind == Push:
		return Words{Say("can push to "), Code(a.What), Say(" for the first time, with the secret "), Code(a.Secret)}
	case a.Kind == Writes && a.Lost:
		return Words{Say("no longer writes to "), Code(a.What)}
	case a.Kind == Writes:
		return Words{Say("writes to "), Code(a.What), Say(" for the first time")}
	case a.Lost:
		return Words{Say("no longer reads the namespace "), Code(a.What)}
	}
	return Words{Say("reads the namespace "), Code(a.What), Say(" for the first time")}
}

// access compares the access of the jobs and mappings of each set.
func (c *comparison) access() {
	r := reach{c.trees, c.unreadable}
	old, now := r.of(c.before, c.after), r.of(c.after, c.before)
	for key, a := range now {
		if _, ok := old[key]; !ok {
			c.effect.Access = append(c.effect.Access, a)
		}
	}
	for key, a := range old {
		if _, ok := now[key]; !ok {
			a.Lost = true
			c.effect.Access = append(c.effect.Access, a)
		}
	}
	slices.SortFunc(c.effect.Access, func(a, b Access) int {
		return cmp.Or(strings.Compare(a.Set, b.Set), compareBool(a.Lost, b.Lost), strings.Compare(string(a.Kind), string(b.Kind)),
			strings.Compare(a.What, b.What), strings.Compare(a.Secret, b.Secret))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

type accessKey struct {
	set    string
	kind   AccessKind
	what   string
	secret string // only if its organisation is not known
}

// reach finds the access of sets.
type reach struct {
	trees
	unreadable func(file string) bool // in one of the trees
}

// of returns the access of each set in a tree, with its first place. It leaves
// out jobs if they cannot be read in both trees.
func (r reach) of(x, other side) map[accessKey]Access {
	out := map[accessKey]Access{}
	add := func(a Access) {
		key := accessKey{set: a.Set, kind: a.Kind, what: a.What}
		if a.What == "" {
			key.secret = a.Secret
		}
		if _, ok := out[key]; !ok {
			out[key] = a
		}
	}
	for _, line := range x.All {
		if r.unreadable(line.Pos().File) {
			continue
		}
		at := Place{line.Pos().File, line.Pos().Line}
		if org := release.Organisation(line.Destination); org != "" {
			add(Access{Place: at, Set: line.Set.Name, Kind: Writes, What: org})
		}
		if namespace := namespace(x.Tree, line.Source); namespace != "" {
			add(Access{Place: at, Set: line.Set.Name, Kind: Reads, What: namespace})
		}
	}
	if numbered(x.Tree) == nil || numbered(other.Tree) == nil {
		return out
	}
	for _, j := range x.Tree.Jobs.Jobs {
		set := setName(x.Tree, j)
		if set == "" || !j.Mirrors {
			continue
		}
		for _, m := range j.Secrets {
			at := Place{m.Pos.File, m.Pos.Line}
			for _, org := range r.pushes(x, m.Secret) {
				add(Access{Place: at, Set: set, Kind: Push, What: org, Secret: m.Secret})
			}
		}
	}
	return out
}

// pushes returns the organisations of a secret. By convention its item in the
// vault is named after them. It returns one "" if they are not known.
func (r reach) pushes(x side, secret string) []string {
	orgs := map[string]bool{}
	for _, s := range r.secrets(x).Named(secret) {
		for _, org := range s.Organisations() {
			orgs[org] = true
		}
	}
	if len(orgs) == 0 {
		return []string{""}
	}
	return slices.Sorted(maps.Keys(orgs))
}

// secrets returns the secrets that ci-secret-bootstrap creates in one tree. If
// both trees have the same file, it is read once.
func (r reach) secrets(x side) *release.Secrets {
	before, after := r.before.Tree, r.after.Tree
	if bytes.Equal(before.Text(before.Layout.Secrets), after.Text(after.Layout.Secrets)) {
		return r.after.Tree.Secrets()
	}
	return x.Tree.Secrets()
}

// namespace returns the namespace of an image in the CI registry, or "" for an
// image elsewhere.
func namespace(t *release.Tree, r mapping.Reference) string {
	if release.QuayCI(r) { // works without promotions: a namespace has no "_"
		name, _, ok := strings.Cut(r.Tag, "_")
		if !ok || r.Digest != "" {
			return ""
		}
		return name
	}
	tag, ok := t.CITag(r)
	if !ok {
		return ""
	}
	return tag.Namespace
}
