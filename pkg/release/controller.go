package release

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// releaseConfig has the publications of one release stream in the settings of
// the release controller, release-NAMESPACE-VERSION.json
// (openshift/release-controller, pkg/release-controller/types.go).
type releaseConfig struct {
	Name         string `json:"name"`
	To           string `json:"to"`
	MirrorPrefix string `json:"mirrorPrefix"`
	Publish      map[string]struct {
		ImageStreamRef *struct {
			Namespace   string   `json:"namespace"`
			Name        string   `json:"name"`
			Tags        []string `json:"tags"`
			ExcludeTags []string `json:"excludeTags"`
		} `json:"imageStreamRef"`
	} `json:"publish"`
}

func readReleases(p *Promotions, fsys fs.FS, dir string) {
	_ = fs.WalkDir(fsys, dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(name) != ".json" {
			return nil //nolint:nilerr // a missing folder has no files
		}
		data, err := fs.ReadFile(fsys, name)
		if err == nil {
			err = addRelease(p, name, data)
		}
		if err != nil {
			p.Problems = append(p.Problems, source.Problem{
				Pos: source.Position{File: name}, Message: fmt.Sprintf("the file cannot be read: %v", err),
			})
		}
		return nil
	})
}

func addRelease(p *Promotions, name string, data []byte) error {
	var c releaseConfig
	if err := json.Unmarshal(data, &c); err != nil {
		return err
	}
	namespace, _, _ := strings.Cut(strings.TrimPrefix(path.Base(name), "release-"), "-")
	if c.To != "" {
		p.releases[Stream{namespace, c.To}] = true
	}
	from := Stream{namespace, c.MirrorPrefix}
	if from.Name == "" {
		from.Name, _, _ = strings.Cut(c.Name, ".0-0.")
	}
	for _, key := range slices.Sorted(maps.Keys(c.Publish)) {
		ref := c.Publish[key].ImageStreamRef
		if ref == nil || ref.Name == "" {
			continue
		}
		to := Stream{ref.Namespace, ref.Name}
		if to.Namespace == "" {
			to.Namespace = namespace
		}
		p.Publications = append(p.Publications, Publication{
			To: to, From: from, Exclude: setOf(ref.ExcludeTags), Only: setOf(ref.Tags),
			Pos: keyPosition(name, data, key),
		})
	}
	return nil
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

// keyPosition returns the position of the first key with a name in a JSON
// document.
func keyPosition(name string, data []byte, key string) source.Position {
	pos := source.Position{File: name}
	quoted, err := json.Marshal(key)
	if err != nil {
		return pos
	}
	if i := bytes.Index(data, quoted); i >= 0 {
		pos.Line = bytes.Count(data[:i], []byte{'\n'}) + 1
		pos.Column = i - bytes.LastIndexByte(data[:i], '\n')
	}
	return pos
}
