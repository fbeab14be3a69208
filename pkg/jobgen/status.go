package jobgen

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// Status compares the mappings in a cluster with those of a tree. The names are
// the keys of the ConfigMap: base names of mapping files.
type Status struct {
	Current []string // the same in both
	Missing []string // in the tree, not in the cluster
	Stale   []string // in both, with other text
	Extra   []string // in the cluster, not in the tree
	// Diffs are the unified diffs of the stale ones, from the cluster to the
	// tree.
	Diffs map[string][]byte
}

// Differs reports whether the cluster differs from the tree.
func (s Status) Differs() bool { return len(s.Missing)+len(s.Stale)+len(s.Extra) > 0 }

// Compare compares the mappings of a tree with those in a cluster. Each of
// configMaps is the output of "oc get configmap NAME -o yaml": one ConfigMap or a
// list. ConfigMaps without mappings are ignored. Unless a ConfigMap has no name,
// all that the settings name must be present.
func Compare(tree *release.Tree, configMaps ...[]byte) (Status, error) {
	there, names := map[string]string{}, map[string]bool{}
	for _, input := range configMaps {
		if err := readConfigMaps(input, tree.Settings, there, names); err != nil {
			return Status{}, err
		}
	}
	if !names[""] {
		for _, name := range tree.Settings.ConfigMaps() {
			if !names[name] {
				return Status{}, fmt.Errorf("the ConfigMap %s is not in the input: the mappings are in %s",
					name, strings.Join(tree.Settings.ConfigMaps(), ", "))
			}
		}
	}
	s := Status{Diffs: map[string][]byte{}}
	seen := map[string]bool{}
	for _, f := range tree.Mappings() {
		if seen[f.Base] {
			continue // two files with one key: see the rule configmap-key
		}
		seen[f.Base] = true
		switch deployed, ok := there[f.Base]; {
		case !ok:
			s.Missing = append(s.Missing, f.Base)
		case deployed != string(f.Bytes()):
			s.Stale = append(s.Stale, f.Base)
			s.Diffs[f.Base] = diff.Diff(text.PatchName("cluster/"+f.Base), []byte(deployed), text.PatchName(f.Path), f.Bytes())
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

// versionKey is the key in which config-updater stores the commit of its last
// upload.
const versionKey = "VERSION"

// readConfigMaps reads the keys and the names of the ConfigMaps that hold
// mappings. A ConfigMap without a name has the name "".
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
		return fmt.Errorf("not the output of 'oc get configmap -o yaml': %w", err)
	}
	all := top.Items
	if top.Kind == "ConfigMap" {
		all = append(all, top.configMap)
	} else if top.Kind == "" {
		return errors.New("not the output of 'oc get configmap -o yaml': it has no kind")
	} else if top.Kind != "List" && top.Kind != "ConfigMapList" {
		return fmt.Errorf("not the output of 'oc get configmap -o yaml': its kind is %q", top.Kind)
	}
	for _, m := range all {
		if m.Metadata.Name != "" && !settings.HoldsMappings(m.Metadata.Name) {
			continue
		}
		names[m.Metadata.Name] = true
		maps.Copy(into, m.Data)
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

// maxUnpacked limits the size of one key after decompression: no real file that
// fits into a ConfigMap compresses that well.
const maxUnpacked = 64 << 20

// unpack decodes a value of binaryData: base64 of the text, which config-updater
// compresses with gzip: true.
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
		err = fmt.Errorf("the value exceeds %d bytes after decompression", maxUnpacked)
	}
	return text, err
}
