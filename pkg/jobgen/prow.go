package jobgen

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	prow "sigs.k8s.io/prow/pkg/config"
	"sigs.k8s.io/yaml"
)

// strict returns an error if Prow cannot read a value as a periodic: an unknown
// field or a field of another type.
func strict(job object) error {
	data, err := json.Marshal(job)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields() // which is all that the strict reading of YAML adds
	return d.Decode(new(prow.Periodic))
}

// prowConfig is the Prow configuration for checking the jobs.
//
//go:embed prow-config.yaml
var prowConfig []byte

// Load reads a jobs file with Prow's own strict loader and returns its error, such
// as reserved variables, mounts without a volume, or invalid schedules and labels.
// It creates and removes a temporary folder in dir; "" is the system's.
func Load(jobs []byte, dir string) (err error) {
	tmp, err := os.MkdirTemp(dir, "mirror-jobgen-")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.RemoveAll(tmp); err == nil {
			err = e
		}
	}()
	config, file := filepath.Join(tmp, "config.yaml"), filepath.Join(tmp, "jobs.yaml")
	for name, text := range map[string][]byte{config: prowConfig, file: jobs} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return err
		}
	}
	if _, err := prow.LoadStrict(config, file, nil, ""); err != nil {
		return fmt.Errorf("the jobs are refused by Prow: %w", err)
	}
	return nil
}

// asProw returns a job as Prow reads it.
func asProw(job object) (typed prow.Periodic, err error) {
	data, err := toYAML(job)
	if err == nil {
		err = yaml.Unmarshal(data, &typed)
	}
	return typed, err
}

// equalAsProw reports whether Prow reads two jobs as the same.
func equalAsProw(a, b object) bool {
	x, errX := asProw(a)
	y, errY := asProw(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// known returns a job without the fields that Prow does not know, and the names of
// those fields.
func known(job object) (object, []string) {
	if strict(job) == nil {
		return job, nil
	}
	typed, err := asProw(job)
	if err != nil {
		return job, nil
	}
	data, err := toYAML(typed)
	if err != nil {
		return job, nil
	}
	seen, err := parseObject(data)
	if err != nil {
		return job, nil
	}
	var dropped []string
	out := cloneObject(job)
	dropUnknown(out, seen, &dropped)
	slices.Sort(dropped)
	return out, slices.Compact(dropped)
}

// dropUnknown removes the fields of a value that Prow does not read. A zero value
// is kept: Prow may know the field and still leave it out.
func dropUnknown(v, seen any, dropped *[]string) {
	switch v := v.(type) {
	case object:
		s, _ := seen.(object)
		for k, x := range v {
			y, ok := s[k]
			if !ok && !zero(x) {
				delete(v, k)
				*dropped = append(*dropped, k)
				continue
			}
			dropUnknown(x, y, dropped)
		}
	case []any:
		s, _ := seen.([]any)
		for i := range v {
			if i < len(s) {
				dropUnknown(v[i], s[i], dropped)
			}
		}
	}
}

func zero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case object:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return reflect.ValueOf(v).IsZero()
}
