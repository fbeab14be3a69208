package jobgen

import (
	"encoding/json"
	"fmt"
	"reflect"

	"sigs.k8s.io/yaml"
)

// object is a YAML mapping as a plain value, as encoding/json decodes it.
type object = map[string]any

// parseObject reads one YAML mapping; a key given twice is an error.
func parseObject(data []byte) (object, error) {
	var v object
	if err := yaml.UnmarshalStrict(data, &v); err != nil {
		return nil, err
	}
	return orObject(v), nil
}

// parseJobs reads a jobs file as Prow does: a key of a job replaces what a merge key
// ("<<") brings. The strict reader takes that for a key that is given twice; pkg/release
// reports those.
func parseJobs(data []byte) (object, error) {
	var v object
	if err := yaml.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	return orObject(v), nil
}

func orObject(v object) object {
	if v == nil {
		return object{}
	}
	return v
}

// plain converts a value of YAML or JSON to the types of encoding/json, so that
// values of different origin can be compared.
func plain(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("not a JSON value: %w", err)
	}
	var out any
	err = json.Unmarshal(data, &out)
	return out, err
}

func clone(v any) any {
	switch v := v.(type) {
	case object:
		return cloneObject(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = clone(v[i])
		}
		return out
	}
	return v
}

func cloneObject(o object) object {
	out := make(object, len(o))
	for k, v := range o {
		out[k] = clone(v)
	}
	return out
}

// child returns the mapping at a key, and creates it if it is missing.
func child(o object, key string) object {
	c, ok := o[key].(object)
	if !ok {
		c = object{}
		o[key] = c
	}
	return c
}

// at returns the value at the end of a path of keys, or nil.
func at(v any, keys ...string) any {
	for _, k := range keys {
		o, ok := v.(object)
		if !ok {
			return nil
		}
		v = o[k]
	}
	return v
}

func str(v any, keys ...string) string {
	s, _ := at(v, keys...).(string)
	return s
}

func list(v any, keys ...string) []any {
	l, _ := at(v, keys...).([]any)
	return l
}

// mergePatch applies a JSON merge patch (RFC 7386) and returns the result. It does
// not change the target.
func mergePatch(target, patch any) any {
	p, ok := patch.(object)
	if !ok {
		return clone(patch)
	}
	out := object{}
	if t, ok := target.(object); ok {
		out = cloneObject(t)
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
		} else {
			out[k] = mergePatch(out[k], v)
		}
	}
	return out
}

// diffPatch returns the merge patch from one mapping to another, or nil if they
// are equal. A merge patch cannot set null, so the caller compares the result.
func diffPatch(from, to object) object {
	patch := object{}
	for k := range from {
		if _, ok := to[k]; !ok {
			patch[k] = nil
		}
	}
	for k, v := range to {
		old, had := from[k]
		if had && reflect.DeepEqual(old, v) || v == nil {
			continue
		}
		a, aok := old.(object)
		b, bok := v.(object)
		if bok && !aok {
			a = object{}
		}
		if bok {
			if inner := diffPatch(a, b); inner != nil || !aok {
				if inner == nil {
					inner = object{}
				}
				patch[k] = inner
			}
			continue
		}
		patch[k] = clone(v)
	}
	if len(patch) == 0 {
		return nil
	}
	return patch
}
