package release

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// parseJobs reads the periodics of a jobs file. The result is never nil; a
// periodic that is no mapping is a problem and left out.
func parseJobs(name string, data []byte, settings *Settings) (*JobsFile, []source.Problem) {
	f := &JobsFile{Path: name, Text: data}
	root, problem := parseYAML(name, data)
	if problem != nil {
		return f, []source.Problem{*problem}
	}
	f.Root = root
	var problems []source.Problem
	report := func(n *yaml.Node, format string, args ...any) {
		problems = append(problems, source.Problem{Pos: at(name, n), Message: fmt.Sprintf(format, args...), Hint: "see Prow's job configuration"})
	}
	if root == nil {
		return f, nil
	}
	if root.Kind != yaml.MappingNode {
		report(root, "a jobs file is a mapping with periodics, not %s", kindName(root))
		return f, problems
	}
	list := child(root, "periodics")
	if list != nil && list.Tag != "!!null" && list.Kind != yaml.SequenceNode {
		report(list, "periodics is a list of jobs, not %s", kindName(list))
		return f, problems
	}
	for _, item := range items(list) {
		n := resolve(item)
		if n.Kind != yaml.MappingNode {
			report(n, "a periodic is a mapping, not %s", kindName(n))
			continue
		}
		r := jobReader{name: name, data: data, settings: settings}
		f.Jobs = append(f.Jobs, r.job(n))
	}
	return f, problems
}

type jobReader struct {
	name     string
	data     []byte
	settings *Settings
}

func (r jobReader) job(n *yaml.Node) *Job {
	j := &Job{Node: n, Pos: at(r.name, n), Labels: map[string]string{}}
	if v := child(n, "name"); v != nil {
		j.Name, j.Pos = text(v), at(r.name, v)
	}
	j.Cluster, j.Namespace = text(child(n, "cluster")), text(child(n, "namespace"))
	j.Schedule = text(child(n, "cron"))
	for _, key := range []string{"interval", "minimum_interval"} {
		if every := text(child(n, key)); every != "" {
			j.Schedule = "@every " + every
		}
	}
	j.ServiceAccount = text(child(n, "spec", "serviceAccountName"))
	if labels := child(n, "labels"); labels != nil && labels.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(labels.Content); i += 2 {
			j.Labels[labels.Content[i].Value] = text(labels.Content[i+1])
		}
	}
	maps, secrets := r.volumes(n)
	for _, c := range append(items(child(n, "spec", "initContainers")), items(child(n, "spec", "containers"))...) {
		r.container(j, c, maps, secrets)
	}
	return j
}

// volumes gives the names of the volumes that hold the mappings, and the nodes
// of the secrets' names by volume.
func (r jobReader) volumes(n *yaml.Node) (maps map[string]bool, secrets map[string]*yaml.Node) {
	maps, secrets = map[string]bool{}, map[string]*yaml.Node{}
	for _, v := range items(child(n, "spec", "volumes")) {
		volume := text(child(v, "name"))
		for _, source := range append(items(child(v, "projected", "sources")), v) {
			if r.settings.HoldsMappings(text(child(source, "configMap", "name"))) {
				maps[volume] = true
			}
		}
		if s := child(v, "secret", "secretName"); s != nil {
			secrets[volume] = s
		}
	}
	return maps, secrets
}

func (r jobReader) container(j *Job, c *yaml.Node, maps map[string]bool, secrets map[string]*yaml.Node) {
	n := naming{jobReader: r, env: map[string]*yaml.Node{}}
	for _, arg := range append(items(child(c, "command")), items(child(c, "args"))...) {
		n.args = append(n.args, resolve(arg))
	}
	for _, e := range items(child(c, "env")) {
		if value := child(e, "value"); value != nil {
			n.env[text(child(e, "name"))] = value
		}
	}
	j.Args = append(j.Args, n.args...)
	for _, m := range items(child(c, "volumeMounts")) {
		volume, mount := text(child(m, "name")), strings.TrimSuffix(text(child(m, "mountPath")), "/")
		if maps[volume] && mount != "" {
			j.Mirrors = true
			if image := child(c, "image"); image != nil {
				j.Image, j.ImagePos = text(image), at(r.name, image)
			}
			if key := child(m, "subPath"); text(key) != "" { // one key, mounted as one file
				n.add(FormKey, nil, Glob{Pattern: text(key), Pos: at(r.name, key)})
			} else {
				n.mount = mount
				n.find()
			}
		}
		if secret, ok := secrets[volume]; ok {
			j.Secrets = append(j.Secrets, r.secret(secret, m, mount))
		}
	}
	j.Mappings.join(n)
}

// join adds what one container names. All is known when something is, and
// nothing was met that is not understood.
func (m *Mappings) join(n naming) {
	if m.Form == FormNone {
		m.Form, m.From = n.out.Form, n.out.From
	}
	m.Globs = append(m.Globs, n.out.Globs...)
	m.unknown = m.unknown || n.out.unknown
	m.Known = len(m.Globs) > 0 && !m.unknown
}

func (r jobReader) secret(secret, m *yaml.Node, mount string) SecretMount {
	s := SecretMount{Secret: text(secret), Pos: at(r.name, secret), MountPath: mount}
	s.KeyPos = s.Pos
	if key := child(m, "subPath"); key != nil {
		s.Key, s.KeyPos = text(key), at(r.name, key)
	}
	return s
}
