package release

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Secrets is what ci-secret-bootstrap creates in the clusters.
type Secrets struct {
	// Missing is the reason why nothing is known: there is no such file or it
	// does not parse. "" otherwise.
	Missing  string
	Problems []source.Problem // of its file
	List     []*Secret        // in the order of the file, one for each cluster and namespace

	byName map[string][]*Secret
}

// Secret is one secret in one cluster and namespace.
type Secret struct {
	Name, Cluster, Namespace string
	Pos                      source.Position // of its name
	Keys                     []string        // sorted
	// Items are the vault items that the secret is built from. By convention
	// they are named after the host and organisation of a credential, such as
	// quay.io/openshift.
	Items []string
	// Hosts are the registries in a docker config that is built from several
	// parts.
	Hosts []string
}

// Named returns the secrets of a name in all clusters and namespaces.
func (s *Secrets) Named(name string) []*Secret { return s.byName[name] }

// Organisations returns the organisations that the secret is for, according to the
// names of its items, such as quay.io/openshift.
func (s *Secret) Organisations() []string {
	return slices.DeleteFunc(slices.Clone(s.Items), func(item string) bool {
		host, org, _ := strings.Cut(item, "/")
		return org == "" || !strings.Contains(host, ".")
	})
}

// In reports whether the secret is in a cluster and namespace; "" is any cluster.
func (s *Secret) In(cluster, namespace string) bool {
	return (cluster == "" || s.Cluster == cluster) && s.Namespace == namespace
}

// NamedAfter returns the length of a set's name if a secret is named after it, else 0.
// pattern is the secret's name in the template: what follows the placeholder there
// follows the set's name. "-", "_" and "." are the same. Of several sets, the one with
// the longest name is meant: push-big-shop is named after big-shop, not after shop.
func NamedAfter(secret, pattern, set string) int {
	_, after, _ := strings.Cut(pattern, Placeholder)
	fold := strings.NewReplacer("-", "_", ".", "_").Replace
	name, ok := strings.CutSuffix(fold(secret), fold(set+after))
	if set == "" || !ok || name != "" && !strings.HasSuffix(name, "_") {
		return 0
	}
	return len(set)
}

// SecretUser is a set that pushes with a secret. What a caller does not know is left
// out, for all users of the secret.
type SecretUser struct {
	Set     string
	Added   bool // a change makes it a user: the secret stays with a set that had it before
	Foreign int  // how many organisations that the secret is not for the set pushes to
	Allowed bool // the settings let the set use the secrets of other sets
	Named   int  // as returned by [NamedAfter]
}

// Compare orders the sets that push with a secret. The secret belongs to the first. Of
// equal ones, a generator takes the first in the jobs file, which it keeps; a check takes
// the first by name, so that its findings do not depend on the order of the jobs.
func (u SecretUser) Compare(other SecretUser) int {
	return cmp.Or(falseFirst(u.Added, other.Added), cmp.Compare(u.Foreign, other.Foreign), falseFirst(u.Allowed, other.Allowed),
		cmp.Compare(other.Named, u.Named))
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// loadSecrets reads the configuration of ci-secret-bootstrap: today a mapping
// with cluster_groups and secret_configs, before 2020-08 a list.
func loadSecrets(t *Tree) *Secrets {
	file := t.Layout.Secrets
	data, missing, problems := configuration(t, file)
	if missing != "" {
		return &Secrets{Missing: missing, Problems: problems}
	}
	doc := parseYAML(file, data)
	root := doc.root
	if doc.broken {
		return &Secrets{Missing: doc.reason(), Problems: doc.problems}
	}
	groups := map[string][]string{}
	for group, clusters := range Pairs(Child(root, "cluster_groups")) {
		for _, c := range items(clusters) {
			groups[group.Value] = append(groups[group.Value], Text(c))
		}
	}
	list := items(root)
	if root != nil && root.Kind == yaml.MappingNode {
		configs := Child(root, "secret_configs")
		if configs == nil {
			missing := source.Problem{Pos: at(file, root), Message: "the file has no secret_configs: no secret is known", Hint: "correct the key that has them"}
			return &Secrets{Missing: missing.Error(), Problems: append(doc.problems, missing)}
		}
		list = items(configs)
	}
	out := &Secrets{Problems: doc.problems, byName: map[string][]*Secret{}}
	for _, config := range list {
		var made Secret
		for key, value := range Pairs(Child(config, "from")) {
			made.Keys = append(made.Keys, key.Value)
			made.Items = append(made.Items, Text(Child(value, "item")), Text(Child(value, "bw_item")))
			for _, d := range items(Child(value, "dockerconfigJSON")) {
				made.Items = append(made.Items, Text(Child(d, "item")), Text(Child(d, "bw_item")))
				made.Hosts = append(made.Hosts, strings.TrimSuffix(strings.TrimPrefix(Text(Child(d, "registry_url")), "https://"), "/v1/"))
			}
		}
		slices.Sort(made.Keys)
		made.Items = slices.DeleteFunc(made.Items, func(s string) bool { return s == "" })
		for _, to := range items(Child(config, "to")) {
			clusters := []string{Text(Child(to, "cluster"))}
			for _, g := range items(Child(to, "cluster_groups")) {
				if group := groups[Text(g)]; len(out.List)+len(clusters)+len(group) <= maxSecrets {
					clusters = append(clusters, group...)
				} else {
					return &Secrets{Missing: fmt.Sprintf("%s creates more than %d secrets: none of them is known", file, maxSecrets)}
				}
			}
			for _, cluster := range clusters {
				if name := Child(to, "name"); cluster != "" && name != nil {
					s := made
					s.Name, s.Pos, s.Cluster, s.Namespace = Text(name), at(file, name), cluster, Text(Child(to, "namespace"))
					out.List, out.byName[s.Name] = append(out.List, &s), append(out.byName[s.Name], &s)
				}
			}
		}
	}
	return out
}
