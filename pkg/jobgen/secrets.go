package jobgen

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// secrets looks up the secrets that ci-secret-bootstrap creates.
type secrets struct{ *release.Secrets }

// present reports whether the tree has the configuration of ci-secret-bootstrap.
func (s secrets) present() bool { return s.Missing == "" }

// known reports whether a secret is created in a cluster and namespace.
func (s secrets) known(name, cluster, namespace string) bool {
	return slices.ContainsFunc(s.Named(name), func(x *release.Secret) bool { return x.In(cluster, namespace) })
}

// suggest returns the secrets of a cluster and namespace that may push to the
// repositories, such as quay.io/openshift, the most likely one first.
func (s secrets) suggest(targets []string, cluster, namespace string) []string {
	best := map[string]int{}
	var names []string
	for _, x := range s.List {
		if !x.In(cluster, namespace) {
			continue
		}
		for _, t := range targets {
			if n := score(x, t); n > 0 && best[x.Name] == 0 {
				names = append(names, x.Name)
			}
			best[x.Name] = max(best[x.Name], score(x, t))
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(best[b], best[a]), strings.Compare(a, b))
	})
	return names
}

// good reports whether a secret is for an organisation, not only for its host.
func (s secrets) good(name, target string) bool {
	return slices.ContainsFunc(s.Named(name), func(x *release.Secret) bool { return score(x, target) > 1 })
}

// score returns how likely a secret can push to host/org; 0 means it cannot.
func score(x *release.Secret, target string) int {
	host, org, _ := strings.Cut(target, "/")
	switch {
	case slices.Contains(x.Items, target):
		return 4
	case slices.ContainsFunc(x.Items, func(i string) bool { return strings.HasSuffix(i, "-"+org) || strings.HasSuffix(i, "/"+org) }):
		return 3
	case strings.Contains(x.Name, "push") && strings.HasSuffix(x.Name, "-"+org):
		return 2
	case strings.Contains(x.Name, "push") && slices.Contains(x.Items, host):
		return 1
	}
	return 0
}

// clusters returns the clusters in which a secret of a namespace is created.
func (s secrets) clusters(name, namespace string) []string {
	var out []string
	for _, x := range s.Named(name) {
		if x.In("", namespace) {
			out = append(out, x.Cluster)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// keys returns the keys that a secret has in a cluster and namespace.
func (s secrets) keys(name, cluster, namespace string) []string {
	var out []string
	for _, x := range s.Named(name) {
		if x.In(cluster, namespace) {
			out = append(out, x.Keys...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
