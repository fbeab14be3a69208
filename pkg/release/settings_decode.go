package release

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// positions has the positions of the settings of one mapping.
type positions struct {
	keys map[string]source.Position // of the value; "" is the mapping itself
	// tried are the settings with an invalid value or a misspelt name. They are
	// not reported as missing too.
	tried map[string]bool
	patch *yaml.Node // the value of patch
}

// At returns the position of a setting's value by its key, or of the whole
// mapping if it does not have the key. It returns the zero Position if the
// settings were not read from a file.
func (p *positions) At(key string) source.Position {
	if pos, ok := p.keys[key]; ok {
		return pos
	}
	return p.keys[""]
}

// Keys returns the sorted names of the settings with a valid value.
func (p *positions) Keys() []string {
	keys := slices.Sorted(maps.Keys(p.keys))
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

func (p *positions) has(key string) (source.Position, bool) {
	pos, ok := p.keys[key]
	return pos, ok
}

// decoder strictly reads YAML into the settings types: an unknown key, a
// duplicate key and a value of a wrong type are problems with a position. It
// reads everything else.
type decoder struct{ yamlReader }

// yamlReader reads nodes of a YAML file and collects the problems in them.
type yamlReader struct {
	file     string
	problems []source.Problem
}

func (d *yamlReader) problem(pos source.Position, message, hint string) {
	d.problems = append(d.problems, source.Problem{Pos: pos, Message: message, Hint: hint})
}

// twice reports a duplicate at a node.
func (d *yamlReader) twice(second, first *yaml.Node, what string) {
	d.problems = append(d.problems, source.Problem{Pos: d.at(second), First: d.at(first), Message: what + " is given twice", Hint: "remove one of them"})
}

func (d *yamlReader) at(n *yaml.Node) source.Position {
	return source.Position{File: d.file, Line: n.Line, Column: n.Column}
}

func (d *yamlReader) sorted() []source.Problem {
	slices.SortStableFunc(d.problems, func(a, b source.Problem) int { return a.Pos.Compare(b.Pos) })
	return d.problems
}

func (d *decoder) document(data []byte, into any) {
	if root := d.root(data); root != nil {
		d.value(root, reflect.ValueOf(into).Elem(), "the file")
	}
}

// root returns the value of the only document, or nil if the file is empty, has
// only comments, or is invalid.
func (d *yamlReader) root(data []byte) *yaml.Node {
	doc, err := readNode(data)
	if errors.Is(err, io.EOF) {
		return nil
	}
	var beyond *boundsError
	if errors.As(err, &beyond) {
		d.problem(source.Position{File: d.file, Line: beyond.line}, "the file is not read: "+beyond.Error(), beyond.hint)
		return nil
	}
	if err != nil {
		line, message := yamlError(data, err)
		d.problem(source.Position{File: d.file, Line: line}, "not valid YAML: "+message, "")
		return nil
	}
	if second, more := moreDocuments(data); more {
		d.problems = append(d.problems, secondDocument(d.file, data, second))
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil
	}
	return root
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind == yaml.AliasNode {
		d.problem(d.at(n), what+": YAML aliases are not supported here", "write the value out")
		return
	}
	switch v.Addr().Interface().(type) {
	case *Severities:
		d.severities(n, v, what)
		return
	case *map[string]any:
		d.free(n, v, what)
		return
	case *Values:
		d.values(n, v, what)
		return
	case *Allow:
		d.allow(n, v, what)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		before := len(d.problems)
		d.value(n, p.Elem(), what)
		if len(d.problems) == before {
			v.Set(p)
		}
	case reflect.Struct:
		d.mapping(n, v, what)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.kind(n, what, "a list")
			return
		}
		s := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
		for i, e := range n.Content {
			d.value(e, s.Index(i), fmt.Sprintf("%s[%d]", what, i))
		}
		v.Set(s)
	case reflect.Map:
		d.strings(n, v, what)
	default:
		d.scalar(n, v, what)
	}
}

func (d *yamlReader) kind(n *yaml.Node, what, want string) {
	d.problem(d.at(n), what+" must be "+want, "")
}

// pairs calls f for each key and value of a mapping, once per key.
func (d *yamlReader) pairs(n *yaml.Node, what string, f func(key, value *yaml.Node)) bool {
	if n.Kind != yaml.MappingNode {
		d.kind(n, what, "a mapping (key: value)")
		return false
	}
	seen := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if first, ok := seen[key.Value]; ok {
			d.twice(key, first, key.Value)
			continue
		}
		seen[key.Value] = key
		f(key, value)
	}
	return true
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, what string) {
	fields := make(map[string]int)
	var names []string
	found := positions{keys: map[string]source.Position{"": d.at(n)}, tried: map[string]bool{}}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = i
			names = append(names, name)
		}
	}
	d.pairs(n, what, func(key, value *yaml.Node) {
		i, ok := fields[key.Value]
		if !ok {
			found.tried[suggest.Nearest(key.Value, names)] = true
			d.problem(d.at(key), "unknown setting "+strconv.Quote(key.Value), likelySetting(key.Value, names))
			return
		}
		if value.Tag == "!!null" && value.Kind == yaml.ScalarNode {
			d.problem(d.at(value), key.Value+" has no value", "remove the line, or give it one")
			return
		}
		before := len(d.problems)
		d.value(value, v.Field(i), key.Value)
		if len(d.problems) == before {
			found.keys[key.Value] = d.at(value)
			if key.Value == "patch" {
				found.patch = value
			}
		} else {
			found.tried[key.Value] = true
		}
	})
	if f := v.FieldByName("positions"); f.IsValid() {
		v.Addr().Interface().(interface {
			place(positions)
		}).place(found)
	}
}

func (p *positions) place(found positions) { *p = found }

// likelySetting returns the hint for an unknown setting: the one that was
// probably meant, or all settings if there are few.
func likelySetting(key string, names []string) string {
	const few = 8
	otherwise := "docs/job-settings.md describes the settings"
	if len(names) <= few {
		otherwise = "there are " + strings.Join(names, ", ")
	}
	return suggest.Hint(key, names, otherwise)
}

func (d *decoder) strings(n *yaml.Node, v reflect.Value, what string) {
	m := make(map[string]string)
	if d.pairs(n, what, func(key, value *yaml.Node) {
		if value.Kind != yaml.ScalarNode || value.Tag == "!!null" {
			d.kind(value, what+"."+key.Value, "a string")
			return
		}
		m[key.Value] = value.Value
	}) {
		v.Set(reflect.ValueOf(m))
	}
}

// values reads texts by name. null means no value.
func (d *decoder) values(n *yaml.Node, v reflect.Value, what string) {
	m := make(Values)
	if d.pairs(n, what, func(key, value *yaml.Node) {
		switch {
		case value.Kind != yaml.ScalarNode:
			d.kind(value, what+"."+key.Value, "a string, or null")
		case value.Tag == "!!null":
			m[key.Value] = nil
		default:
			m[key.Value] = &value.Value
		}
	}) {
		v.Set(reflect.ValueOf(m))
	}
}

// allow reads the kinds of power by set.
func (d *decoder) allow(n *yaml.Node, v reflect.Value, what string) {
	m := Allow{}
	d.pairs(n, what, func(key, value *yaml.Node) {
		if value.Kind != yaml.SequenceNode {
			d.kind(value, what+"."+key.Value, "a list")
			return
		}
		for _, k := range value.Content {
			if !slices.Contains(Powers(), k.Value) {
				d.problem(d.at(k), fmt.Sprintf("%s.%s has %q", what, key.Value, k.Value), "use "+strings.Join(Powers(), ", "))
				continue
			}
			m[key.Value] = append(m[key.Value], k.Value)
		}
	})
	v.Set(reflect.ValueOf(m))
}

// free reads a mapping with any content, such as a patch.
func (d *decoder) free(n *yaml.Node, v reflect.Value, what string) {
	before := len(d.problems)
	d.duplicates(n, what)
	m := make(map[string]any)
	if len(d.problems) > before {
		return
	}
	if err := n.Decode(&m); err != nil {
		d.problem(d.at(n), what+": "+strings.TrimPrefix(err.Error(), "yaml: "), "")
		return
	}
	v.Set(reflect.ValueOf(m))
}

// duplicates reports duplicate keys, and keys that JSON cannot express.
func (d *decoder) duplicates(n *yaml.Node, what string) {
	if n.Kind == yaml.MappingNode {
		d.pairs(n, what, func(key, value *yaml.Node) {
			if tag := key.ShortTag(); tag != "!!str" && tag != "!!merge" {
				d.problem(d.at(key), fmt.Sprintf("%s: the key %s is not a string", what, key.Value), "put it in quotes")
			}
			if value.Kind == yaml.MappingNode || value.Kind == yaml.SequenceNode {
				d.duplicates(value, what)
			}
		})
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.kind(n, what, "a mapping (key: value)")
		return
	}
	for _, e := range n.Content {
		if e.Kind == yaml.MappingNode || e.Kind == yaml.SequenceNode {
			d.duplicates(e, what)
		}
	}
}

func (d *decoder) severities(n *yaml.Node, v reflect.Value, what string) {
	var list Severities
	d.pairs(n, what, func(key, value *yaml.Node) {
		r := RuleSeverity{Rule: key.Value, Pos: d.at(key)}
		before := len(d.problems)
		d.scalar(value, reflect.ValueOf(&r.Level).Elem(), what+"."+key.Value)
		if len(d.problems) == before {
			list = append(list, r)
		}
	})
	v.Set(reflect.ValueOf(list))
}

// choices are the values of the types that have only a few.
func choices(v reflect.Value) []string {
	switch v.Interface().(type) {
	case Level:
		return []string{string(LevelError), string(LevelWarning), string(LevelInfo), string(LevelOff)}
	case Login:
		return []string{string(LoginUsed), string(LoginNone), string(LoginUnused)}
	case ValueKind:
		return []string{string(ValuePrefix), string(ValueGlob)}
	case Runner:
		return []string{string(RunnerOC), string(RunnerEntrypoint), string(RunnerMirror)}
	case Overwrite:
		return []string{string(OverwriteAlways), string(OverwriteOurs), string(OverwriteNever)}
	case Protected:
		return []string{string(ProtectedFail), string(ProtectedWarn)}
	}
	return nil
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.ScalarNode {
		d.kind(n, what, "a single value")
		return
	}
	switch v.Kind() {
	case reflect.String:
		if c := choices(v); c != nil && !slices.Contains(c, n.Value) {
			d.problem(d.at(n), fmt.Sprintf("%s: unknown value %q", what, n.Value), "use "+strings.Join(c, ", "))
			return
		}
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" {
			d.kind(n, what, "true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int:
		i, err := strconv.Atoi(n.Value)
		if err != nil {
			d.kind(n, what, "a whole number")
			return
		}
		v.SetInt(int64(i))
	default:
		panic("settings type without a reader: " + v.Type().String())
	}
}
