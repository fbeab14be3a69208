package validate

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// departure is one difference between a job and its template.
type departure struct {
	pos      source.Position
	node     *yaml.Node // value in the job
	path     string     // path of the field, such as spec.containers[0].image
	value    string     // what the job has there; "" when nothing
	what     string     // in words
	severity source.Severity
	settings []string // settings of _job.yaml and _mirror.yaml for it
	choice   bool     // whether each set may choose it
}

// holds reports whether the job's value gives it a power at one of some places.
func (d departure) holds(powers map[source.Position]bool) bool {
	return len(powers) > 0 && slices.ContainsFunc(scalars(d.node), func(n *yaml.Node) bool {
		return powers[source.Position{File: d.pos.File, Line: n.Line, Column: n.Column}]
	})
}

// govern are the settings for a field and the fields below it; choice means
// that each set may choose.
var govern = []struct {
	path     string
	settings []string
	choice   bool
}{
	{"name", []string{"name", "shards"}, true},
	{"labels.ci.openshift.io/area", []string{"area"}, true},
	{"labels.pj-rehearse.openshift.io/can-be-rehearsed", []string{"labels"}, true},
	{"cron", []string{"cron", "interval"}, true},
	{"interval", []string{"cron", "interval"}, true},
	{"minimum_interval", []string{"cron", "interval"}, true},
	{"decoration_config.timeout", []string{"timeout"}, true},
	{"reporter_config.slack", []string{"slack"}, true},
	{"spec.automountServiceAccountToken", []string{"service_account_token", "registry_login"}, true},
	{"spec.volumes[push].secret.secretName", []string{"secret"}, true},
	{"spec.containers[0].volumeMounts[push].subPath", []string{"secret_key"}, true},
	{"spec.volumes[config]", []string{"config_map", "partitions"}, false},
	{"spec.containers[0].volumeMounts[config].mountPath", []string{"mount_path"}, false},
	{"cluster", []string{"cluster"}, false},
	{"spec.containers[0].image", []string{"image", "runner"}, false},
	{"spec.containers[0].env", []string{"env"}, false},
	{"spec.containers[0].resources", []string{"resources"}, false},
	{"spec.containers[0].command", []string{"runner", "script"}, false},
	{"spec.containers[0].args", []string{"runner", "script"}, false},
}

// above reports whether there are settings for a field below this one.
func above(path string) bool {
	for _, g := range govern {
		if strings.HasPrefix(g.path, path+".") {
			return true
		}
	}
	return false
}

// departures compares a job with the template, field by field.
func departures(p *Pass, job *release.Job) []departure {
	template := p.tree.Template()
	if template == nil {
		return nil
	}
	c := comparison{file: p.tree.Jobs.Path, text: p.tree.Jobs.Text}
	c.compare("", template.Node, job.Node)
	c.found = slices.DeleteFunc(c.found, func(d departure) bool { return ofEntryPoint(job, d.path) })
	for i := range c.found {
		d := &c.found[i]
		for _, g := range govern {
			if d.path == g.path || strings.HasPrefix(d.path, g.path+".") || strings.HasPrefix(d.path, g.path+"[") {
				d.settings, d.choice = append(d.settings, g.settings...), d.choice || g.choice
			}
		}
	}
	return c.found
}

// ofEntryPoint reports whether a field of a job with an entry point replaces a
// part of the template's script.
func ofEntryPoint(job *release.Job, path string) bool {
	from := job.Mappings.From
	if from == nil || from.Env == "" {
		return false
	}
	name, inEnv := strings.CutPrefix(path, "spec.containers[0].env[")
	name = strings.TrimSuffix(name, "]")
	_, required := from.Requires[name]
	return inEnv && (name == from.Env || required) || path == "spec.containers[0].args" && len(job.Args) == 1
}

type comparison struct {
	file  string
	text  []byte
	found []departure
}

func (c *comparison) add(n *yaml.Node, path, value, format string, args ...any) *departure {
	c.found = append(c.found, departure{
		pos:  source.Position{File: c.file, Line: n.Line, Column: n.Column},
		node: n, path: path, value: value, what: fmt.Sprintf(format, args...), severity: source.Info,
	})
	return &c.found[len(c.found)-1]
}

// compare reports differences between a job's value and the template's.
func (c *comparison) compare(path string, want, got *yaml.Node) {
	want, got = release.Resolve(want), release.Resolve(got)
	switch {
	case want.Kind != got.Kind:
		c.add(got, path, brief(got), "%s is %s, not %s", path, brief(got), brief(want))
	case want.Kind == yaml.MappingNode:
		c.mapping(path, want, got)
	case want.Kind == yaml.SequenceNode && path == "spec.containers[0].args":
		c.args(path, want, got)
	case want.Kind == yaml.SequenceNode:
		c.list(path, want, got)
	case strings.Contains(want.Value, release.Placeholder): // value of the set
	case want.Value != got.Value:
		c.add(got, path, got.Value, "%s is %s, not %s", path, brief(got), brief(want))
	}
}

func (c *comparison) mapping(path string, want, got *yaml.Node) {
	for key, value := range release.Pairs(want) {
		below := join(path, key.Value)
		if theirs := release.Child(got, key.Value); theirs != nil {
			c.compare(below, value, theirs)
		} else if !implied(below, value) {
			c.add(got, below, "", "it has no %s, the template has %s", below, brief(value))
		}
	}
	for key, value := range release.Pairs(got) {
		value, below := release.Resolve(value), join(path, key.Value)
		switch {
		case release.Child(want, key.Value) != nil: // compared above
		case value.Kind == yaml.MappingNode && above(below):
			c.mapping(below, &yaml.Node{Kind: yaml.MappingNode}, value)
		default:
			c.add(key, below, brief(value), "it has %s (%s), the template does not", below, brief(value)).node = value
		}
	}
}

// list compares lists item by item. It matches items with a name by name, in
// any order. The volume of a secret counts as push and that of the mappings as
// config, under any name.
func (c *comparison) list(path string, want, got *yaml.Node) {
	label := func(list *yaml.Node, i int) string {
		if name := release.Text(release.Child(list.Content[i], "name")); name != "" {
			return name
		}
		return fmt.Sprint(i)
	}
	left := map[string]*yaml.Node{}
	var order []string
	for i, item := range got.Content {
		name := label(got, i)
		if left[name] != nil {
			name = fmt.Sprint(i)
		}
		left[name], order = item, append(order, name)
	}
	for i, item := range want.Content {
		name := label(want, i)
		below := fmt.Sprintf("%s[%s]", path, name)
		if other := left[name]; other != nil {
			delete(left, name)
			c.compare(below, item, other)
			continue
		}
		c.add(got, below, "", "it has no %s, the template has %s", below, brief(item))
	}
	for _, name := range order {
		if item := left[name]; item != nil {
			below := fmt.Sprintf("%s[%s]", path, name)
			c.add(item, below, brief(item), "it has %s (%s), the template does not", below, brief(item))
		}
	}
}

// args compares the container's arguments: the script of a shell, for which
// there are many settings. It ignores those of the mirror command, because
// mirror-jobgen check compares them.
func (c *comparison) args(path string, want, got *yaml.Node) {
	if len(got.Content) == 0 || len(want.Content) == 0 {
		c.list(path, want, got)
		return
	}
	theirs, ours := release.Resolve(got.Content[len(got.Content)-1]), release.Resolve(want.Content[len(want.Content)-1])
	c.list(path, &yaml.Node{Kind: yaml.SequenceNode, Content: want.Content[:len(want.Content)-1]}, &yaml.Node{Kind: yaml.SequenceNode,
		Content: got.Content[:len(got.Content)-1], Line: got.Line, Column: got.Column})
	plain := blankLines.ReplaceAllString(withoutComments(theirs.Value), "")
	template, known := release.ParseLoop(ours.Value)
	if loop, ok := release.ParseLoop(plain); ok && known {
		if settings := loopDifference(template, loop); len(settings) > 0 {
			d := c.add(theirs, path, strings.Join(settings, ", "), "its script has other settings: %s", strings.Join(settings, ", "))
			d.settings, d.choice = settings, true
		}
		return
	}
	line, offset := foreignLine(ours.Value, theirs.Value)
	if line == "" {
		return
	}
	d := c.add(theirs, path, theirs.Value, "its script has a line that the template's does not have: %s", line)
	d.pos = release.Locate(c.file, c.text, theirs, offset)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// implied reports whether a value is the default for a field that a job leaves
// out.
func implied(path string, value *yaml.Node) bool {
	return value.Kind == yaml.ScalarNode && value.Value == "" || path == "agent" && value.Value == "kubernetes"
}

// scalars returns all texts below a node, each once.
func scalars(n *yaml.Node) []*yaml.Node {
	switch n.Kind {
	case yaml.ScalarNode:
		return []*yaml.Node{n}
	case yaml.AliasNode: // reported at its anchor
		return nil
	}
	var out []*yaml.Node
	for _, c := range n.Content {
		out = append(out, scalars(c)...)
	}
	return out
}

// brief returns a short form of a value.
func brief(n *yaml.Node) string {
	const longest = 120
	var b strings.Builder
	var write func(n *yaml.Node)
	write = func(n *yaml.Node) {
		if b.Len() > longest { // an anchor may contain itself
			return
		}
		switch n = release.Resolve(n); n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				b.WriteString(n.Content[i].Value + ": ")
				if write(n.Content[i+1]); i+2 < len(n.Content) {
					b.WriteString(", ")
				}
			}
		case yaml.SequenceNode:
			b.WriteString("[")
			for i, item := range n.Content {
				if write(item); i+1 < len(n.Content) {
					b.WriteString(", ")
				}
			}
			b.WriteString("]")
		default:
			first, _, more := strings.Cut(strings.TrimSpace(n.Value), "\n")
			b.WriteString(first)
			if more {
				b.WriteString(" …")
			}
			if n.Value == "" {
				b.WriteString("nothing")
			}
		}
	}
	write(n)
	if text := []rune(b.String()); len(text) > longest {
		return string(text[:longest]) + " …"
	}
	return b.String()
}
