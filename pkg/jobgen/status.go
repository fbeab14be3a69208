package jobgen

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Status is how the mappings in a cluster differ from those of a tree. The
// names are base names of mapping files: the keys of the ConfigMap.
type Status struct {
	Current []string // the same in both
	Missing []string // in the tree, not in the cluster
	Stale   []string // in both, with other text
	Extra   []string // in the cluster, not in the tree
	// Diffs are the unified diffs of the stale ones, from the cluster to the
	// tree.
	Diffs map[string][]byte
}

// Differs reports whether the cluster has anything else than the tree.
func (s Status) Differs() bool { return len(s.Missing)+len(s.Stale)+len(s.Extra) > 0 }

// Compare tells which mappings of a tree have reached a cluster. Each of
// configMaps is what "oc get configmap NAME -o yaml" prints: one ConfigMap, or
// a list of them, of which those count that hold mappings. All that the settings
// name have to be among them, where they tell their names.
func Compare(tree *release.Tree, configMaps ...[]byte) (Status, error) {
	there, names := map[string]string{}, map[string]bool{}
	for _, text := range configMaps {
		if err := readConfigMaps(text, tree.Settings, there, names); err != nil {
			return Status{}, err
		}
	}
	if !names[""] {
		for _, name := range tree.Settings.ConfigMaps() {
			if !names[name] {
				return Status{}, fmt.Errorf("the ConfigMap %s is not given: the mappings are in %s",
					name, strings.Join(tree.Settings.ConfigMaps(), ", "))
			}
		}
	}
	s := Status{Diffs: map[string][]byte{}}
	seen := map[string]bool{}
	for _, f := range tree.Mappings() {
		if seen[f.Base] {
			continue // two files with one key: the rule configmap-key tells
		}
		seen[f.Base] = true
		switch text, ok := there[f.Base]; {
		case !ok:
			s.Missing = append(s.Missing, f.Base)
		case text != string(f.Bytes()):
			s.Stale = append(s.Stale, f.Base)
			s.Diffs[f.Base] = diff.Diff("cluster/"+f.Base, []byte(text), f.Path, f.Bytes())
		default:
			s.Current = append(s.Current, f.Base)
		}
	}
	for key := range there {
		if !seen[key] && key != versionKey {
			s.Extra = append(s.Extra, key)
		}
	}
	for _, list := range [][]string{s.Current, s.Missing, s.Stale, s.Extra} {
		slices.Sort(list)
	}
	return s, nil
}

// versionKey is the key in which config-updater keeps the commit that it
// uploaded from.
const versionKey = "VERSION"

// readConfigMaps reads the keys of the ConfigMaps that hold mappings, and those
// ConfigMaps' names; "" for one that does not tell.
func readConfigMaps(text []byte, settings *release.Settings, into map[string]string, names map[string]bool) error {
	type configMap struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Data       map[string]string `json:"data"`
		BinaryData map[string]string `json:"binaryData"`
	}
	var top struct {
		configMap
		Items []configMap `json:"items"`
	}
	if err := yaml.Unmarshal(text, &top); err != nil {
		return fmt.Errorf("not what 'oc get configmap -o yaml' prints: %w", err)
	}
	maps := top.Items
	if top.Kind == "ConfigMap" {
		maps = append(maps, top.configMap)
	} else if top.Kind != "List" && top.Kind != "ConfigMapList" {
		return fmt.Errorf("not what 'oc get configmap -o yaml' prints: its kind is %q", top.Kind)
	}
	for _, m := range maps {
		if m.Metadata.Name != "" && !settings.HoldsMappings(m.Metadata.Name) {
			continue
		}
		names[m.Metadata.Name] = true
		for key, value := range m.Data {
			into[key] = value
		}
		for key, value := range m.BinaryData {
			data, err := unpack(value)
			if err != nil {
				return fmt.Errorf("key %s: %w", key, err)
			}
			into[key] = string(data)
		}
	}
	return nil
}

// maxUnpacked bounds what one compressed key may become: no file that fits into
// a ConfigMap compresses that well.
const maxUnpacked = 64 << 20

// unpack reads a value of binaryData: base64, and below it the text as it is or
// compressed, as config-updater uploads it with gzip: true.
func unpack(value string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(value)
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(z, maxUnpacked+1))
	if err == nil && len(text) > maxUnpacked {
		err = fmt.Errorf("it is longer than %d bytes unpacked", maxUnpacked)
	}
	return text, err
}
