package effects

import (
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// ConfigMap is the change of the ConfigMap that holds all mapping files.
type ConfigMap struct {
	Name   string   `json:"name"`
	Before int      `json:"bytesBefore"`
	After  int      `json:"bytesAfter"`
	Limit  int      `json:"limit"` // sum over all partitions
	Added  []string `json:"added,omitempty"`
	Gone   []string `json:"gone,omitempty"`
}

// Keys reports whether keys are added or removed.
func (m *ConfigMap) Keys() bool { return m != nil && (len(m.Added) > 0 || len(m.Gone) > 0) }

// Over reports whether the mappings exceed the limit.
func (m *ConfigMap) Over() bool { return m != nil && m.After > m.Limit }

func (c *comparison) configMap() {
	settings := c.after.Tree.Settings
	m := &ConfigMap{Name: settings.ConfigMap, Limit: settings.ConfigMapLimit * len(settings.ConfigMaps())}
	old, now := keys(c.before.Tree, &m.Before), keys(c.after.Tree, &m.After)
	m.Added, m.Gone = without(now, old), without(old, now)
	if m.Keys() || m.Before != m.After {
		c.effect.ConfigMap = m
	}
}

// keys returns the sorted keys of the ConfigMap and adds up their sizes.
func keys(t *release.Tree, size *int) []string {
	var out []string
	for _, m := range t.Mappings() {
		*size += m.Size + len(m.Base)
		out = append(out, m.Base)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// without returns the items of the sorted list a that are not in the sorted list b.
func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); !ok {
			out = append(out, s)
		}
	}
	return out
}
