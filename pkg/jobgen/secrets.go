package jobgen

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// secrets is what ci-secret-bootstrap creates, as far as jobs need it.
type secrets struct {
	present bool // false when the tree has no such configuration
	list    []secret
}

// secret is one secret in one place.
type secret struct {
	name, cluster, namespace string
	keys                     []string
	items                    []string // of the vault, such as quay.io/openshift
	hosts                    []string // of the registries it logs in to
}

// bootstrapConfig is the part of ci-secret-bootstrap's configuration that says
// what goes where. Older files are a list of secrets alone.
type bootstrapConfig struct {
	ClusterGroups map[string][]string `json:"cluster_groups"`
	Secrets       []bootstrapSecret   `json:"secret_configs"`
}

type bootstrapSecret struct {
	From map[string]struct {
		Item    string `json:"item"`
		OldItem string `json:"bw_item"`
		Docker  []struct {
			Item     string `json:"item"`
			OldItem  string `json:"bw_item"`
			Registry string `json:"registry_url"`
		} `json:"dockerconfigJSON"`
	} `json:"from"`
	To []struct {
		Cluster   string   `json:"cluster"`
		Groups    []string `json:"cluster_groups"`
		Name      string   `json:"name"`
		Namespace string   `json:"namespace"`
	} `json:"to"`
}

// loadSecrets reads the configuration; one that is not there, or that cannot be
// read, says nothing.
func loadSecrets(fsys fs.FS) secrets {
	data, err := fs.ReadFile(fsys, release.SecretsFile)
	if err != nil {
		return secrets{}
	}
	var c bootstrapConfig
	if yaml.Unmarshal(data, &c) != nil || c.Secrets == nil {
		if yaml.Unmarshal(data, &c.Secrets) != nil {
			return secrets{}
		}
	}
	out := secrets{present: true}
	for _, b := range c.Secrets {
		var s secret
		for key, from := range b.From {
			s.keys = append(s.keys, key)
			s.items = append(s.items, cmp.Or(from.Item, from.OldItem))
			for _, d := range from.Docker {
				s.items = append(s.items, cmp.Or(d.Item, d.OldItem))
				s.hosts = append(s.hosts, strings.TrimPrefix(strings.TrimSuffix(d.Registry, "/v1/"), "https://"))
			}
		}
		slices.Sort(s.keys)
		s.items = slices.DeleteFunc(s.items, func(i string) bool { return i == "" })
		for _, to := range b.To {
			s.name, s.namespace = to.Name, to.Namespace
			clusters := slices.Clone(to.Groups)
			for i, g := range to.Groups {
				clusters = append(clusters, c.ClusterGroups[g]...)
				clusters[i] = ""
			}
			for _, cluster := range append(clusters, to.Cluster) {
				if s.cluster = cluster; cluster != "" {
					out.list = append(out.list, s)
				}
			}
		}
	}
	slices.SortStableFunc(out.list, func(a, b secret) int { return strings.Compare(a.name, b.name) })
	return out
}

// known says whether a secret goes to a cluster and namespace.
func (s secrets) known(name, cluster, namespace string) bool {
	return slices.ContainsFunc(s.list, func(x secret) bool {
		return x.name == name && x.cluster == cluster && x.namespace == namespace
	})
}

// suggest gives the secrets of a cluster and namespace that may push to the
// repositories, such as quay.io/openshift, the most likely one first.
func (s secrets) suggest(targets []string, cluster, namespace string) []string {
	type scored struct {
		name  string
		score int
	}
	var found []scored
	for _, x := range s.list {
		if x.cluster != cluster || x.namespace != namespace {
			continue
		}
		best := 0
		for _, t := range targets {
			best = max(best, x.score(t))
		}
		if best > 0 {
			found = append(found, scored{x.name, best})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var names []string
	for _, f := range found {
		if !slices.Contains(names, f.name) {
			names = append(names, f.name)
		}
	}
	return names
}

// score says how likely the secret can push to host/org.
func (x secret) score(target string) int {
	host, org, _ := strings.Cut(target, "/")
	switch {
	case slices.Contains(x.items, target):
		return 4
	case slices.ContainsFunc(x.items, func(i string) bool { return strings.HasSuffix(i, "-"+org) || strings.HasSuffix(i, "/"+org) }):
		return 3
	case org != "" && strings.Contains(x.name, "push") && strings.HasSuffix(x.name, "-"+org):
		return 2
	case strings.Contains(x.name, "push") && slices.Contains(x.hosts, host) && slices.Contains(x.items, host):
		return 1
	}
	return 0
}
