package release

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Owners is an OWNERS file: who may approve and review changes below its folder.
// The form is that of Prow's repoowners package: approvers and reviewers at the
// top, or filters with a regular expression each.
type Owners struct {
	Path      string
	Approvers []Owner
	Reviewers []Owner
}

// Owner is one entry of an OWNERS file: a login or the name of an alias, in
// lower case and without a leading "@", as Prow compares it.
type Owner struct {
	Name string
	Pos  source.Position
}

// Aliases is OWNERS_ALIASES: groups of logins. Keys are in lower case.
type Aliases struct {
	Members map[string][]string
	Pos     map[string]source.Position
}

// parseOwners reads an OWNERS file; the result is never nil.
func parseOwners(name string, data []byte) (*Owners, []source.Problem) {
	o := &Owners{Path: name}
	doc := parseYAML(name, data)
	root := doc.root
	if root == nil {
		return o, doc.problems
	}
	p := ownersReader{name: name, owners: o, problems: doc.problems}
	if root.Kind != yaml.MappingNode {
		p.problem(root, "an OWNERS file is a mapping with approvers and reviewers, not %s", kindName(root))
		return o, p.problems
	}
	p.section(root)
	if filters := Child(root, "filters"); filters != nil && len(o.Approvers) == 0 && len(o.Reviewers) == 0 {
		if filters.Kind != yaml.MappingNode {
			p.problem(filters, "filters is a mapping from a regular expression to owners, not %s", kindName(filters))
		} else {
			for _, owners := range Pairs(filters) {
				p.section(owners)
			}
		}
	}
	return o, p.problems
}

type ownersReader struct {
	name     string
	owners   *Owners
	problems []source.Problem
}

func (r *ownersReader) problem(n *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, source.Problem{
		Pos: at(r.name, n), Message: fmt.Sprintf(format, args...), Hint: "see https://go.k8s.io/owners",
	})
}

func (r *ownersReader) section(n *yaml.Node) {
	r.owners.Approvers = append(r.owners.Approvers, r.logins(n, "approvers")...)
	r.owners.Reviewers = append(r.owners.Reviewers, r.logins(n, "reviewers")...)
}

func (r *ownersReader) logins(n *yaml.Node, key string) []Owner { return r.list(Child(n, key), key) }

// list reads the logins at a key.
func (r *ownersReader) list(list *yaml.Node, key string) []Owner {
	if list = Resolve(list); list == nil || list.Tag == "!!null" {
		return nil
	}
	if list.Kind != yaml.SequenceNode {
		r.problem(list, "%s is a list of logins, not %s", key, kindName(list))
		return nil
	}
	var out []Owner
	for _, item := range list.Content {
		v := Resolve(item)
		if v.Kind != yaml.ScalarNode || v.Tag != "!!str" {
			r.problem(item, "%s holds %s where a login is expected; quote it when it is one", key, kindName(v))
			continue
		}
		if login := normalizeLogin(v.Value); login != "" {
			out = append(out, Owner{Name: login, Pos: at(r.name, item)})
		}
	}
	return out
}

func normalizeLogin(s string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "@")
}

// parseAliases reads OWNERS_ALIASES. It returns nil if the file does not parse.
// The value of an alias may be a list or empty.
func parseAliases(name string, data []byte) (*Aliases, []source.Problem) {
	doc := parseYAML(name, data)
	root := doc.root
	if doc.broken {
		return nil, doc.problems
	}
	a := &Aliases{Members: map[string][]string{}, Pos: map[string]source.Position{}}
	r := ownersReader{name: name, problems: doc.problems}
	for key, value := range Pairs(Child(root, "aliases")) {
		alias := normalizeLogin(key.Value)
		members := []string{}
		for _, o := range r.list(value, key.Value) {
			members = append(members, o.Name)
		}
		a.Members[alias], a.Pos[alias] = members, at(name, key)
	}
	return a, r.problems
}
