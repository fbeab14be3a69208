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

// AccessKind is what a set may do, or asks to do.
type AccessKind string

// The kinds of access.
const (
	Push   AccessKind = "push"   // its jobs mount a credential for an organisation
	Writes AccessKind = "writes" // its mappings write to an organisation
	Reads  AccessKind = "reads"  // its mappings read from a namespace of the CI registry
)

// Access is something that a set may do, or asks to do, for the first time or no
// longer.
type Access struct {
	Place
	Set  string     `json:"set"`
	Kind AccessKind `json:"kind"`
	// What is the organisation with its registry, such as quay.io/openshift, or
	// the namespace; "" where the tree does not say what a secret is for.
	What   string `json:"what,omitempty"`
	Secret string `json:"secret,omitempty"` // with Push
	Lost   bool   `json:"lost,omitempty"`   // it is no longer so
}

// Text says it in words, to follow the name of the set.
func (a Access) Text() Words {
	switch {
	case a.Kind == Push && a.Lost && a.What == "":
		return Words{Say("no longer has the secret "), Code(a.Secret)}
	case a.Kind == Push && a.Lost:
		return Words{Say("can no longer push to "), Code(a.What), Say(" with the secret "), Code(a.Secret)}
	case a.Kind == Push && a.What == "":
		return Words{Say("has the secret "), Code(a.Secret), Say(" for the first time; where it can push is not known from this repository")}
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

// access compares what the jobs and mappings of each set reach.
func (c *comparison) access() {
	old, now := c.reach(c.before, c.after), c.reach(c.after, c.before)
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
	secret string // only where it is not known what the secret is for
}

// reach gives what each set reaches in a tree, with the first place of each. What
// the other tree alone could tell about is left out: jobs that one of them
// cannot show.
func (c *comparison) reach(x, other side) map[accessKey]Access {
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
	for _, r := range x.All {
		if c.unreadable(r.Pos().File) {
			continue
		}
		at := Place{r.Pos().File, r.Pos().Line}
		if org := organisation(r.Destination); org != "" {
			add(Access{Place: at, Set: r.Set.Name, Kind: Writes, What: org})
		}
		if namespace := namespace(x.Tree, r.Source); namespace != "" {
			add(Access{Place: at, Set: r.Set.Name, Kind: Reads, What: namespace})
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
			for _, org := range c.pushes(x, m.Secret) {
				add(Access{Place: at, Set: set, Kind: Push, What: org, Secret: m.Secret})
			}
		}
	}
	return out
}

// pushes gives the organisations for which a secret is made, by the convention
// that its item in the vault is named for them; one "" where that is not known.
func (c *comparison) pushes(x side, secret string) []string {
	orgs := map[string]bool{}
	for _, s := range c.secrets(x).Named(secret) {
		for _, item := range s.Items {
			if host, org, ok := strings.Cut(item, "/"); ok && strings.Contains(host, ".") && org != "" {
				orgs[item] = true
			}
		}
	}
	if len(orgs) == 0 {
		return []string{""}
	}
	return slices.Sorted(maps.Keys(orgs))
}

// secrets gives what ci-secret-bootstrap makes in one tree. Where the other tree
// has the same file, it is read once.
func (c *comparison) secrets(x side) *release.Secrets {
	before, after := c.before.Tree, c.after.Tree
	if bytes.Equal(before.Text(before.Layout.Secrets), after.Text(after.Layout.Secrets)) {
		return c.after.Tree.Secrets()
	}
	return x.Tree.Secrets()
}

// organisation gives the registry and the first part of the path of a
// repository: what a credential is for.
func organisation(r mapping.Reference) string {
	if r.Scheme != "" {
		return r.Scheme + "://"
	}
	first, _, _ := strings.Cut(r.Path(), "/")
	return r.Host() + "/" + first
}

// namespace gives the namespace of the CI registry that an image is in, "" where
// it is in none.
func namespace(t *release.Tree, r mapping.Reference) string {
	if release.QuayCI(r) { // without what promotes it: a namespace has no "_"
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
