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
	var args []*yaml.Node
	for _, arg := range append(items(child(c, "command")), items(child(c, "args"))...) {
		args = append(args, resolve(arg))
	}
	j.Args = append(j.Args, args...)
	for _, m := range items(child(c, "volumeMounts")) {
		volume, mount := text(child(m, "name")), strings.TrimSuffix(text(child(m, "mountPath")), "/")
		if maps[volume] && mount != "" {
			j.Mirrors = true
			if image := child(c, "image"); image != nil {
				j.Image, j.ImagePos = text(image), at(r.name, image)
			}
			if key := child(m, "subPath"); text(key) != "" { // one key, mounted as one file
				j.Globs = append(j.Globs, Glob{Pattern: text(key), Pos: at(r.name, key)})
				continue
			}
			for _, arg := range args {
				j.Globs = append(j.Globs, r.globs(arg, mount)...)
			}
		}
		secret, ok := secrets[volume]
		if !ok {
			continue
		}
		s := SecretMount{Secret: text(secret), Pos: at(r.name, secret), MountPath: mount}
		s.KeyPos = s.Pos
		if key := child(m, "subPath"); key != nil {
			s.Key, s.KeyPos = text(key), at(r.name, key)
		}
		j.Secrets = append(j.Secrets, s)
	}
}

// globs finds what stands after the mount path in a script or an argument. What
// a shell would take for a comment does not count.
func (r jobReader) globs(arg *yaml.Node, mount string) []Glob {
	script := text(arg)
	var out []Glob
	for offset := 0; ; {
		i := strings.Index(script[offset:], mount+"/")
		if i < 0 {
			return out
		}
		start := offset + i + len(mount) + 1
		end := start
		for end < len(script) && !strings.ContainsRune(" \t\n\"';|&()<>`,\\", rune(script[end])) {
			end++
		}
		offset = end
		pattern := script[start:end]
		if pattern == "" || strings.Contains(pattern, "$") || commented(script[:start]) {
			continue
		}
		out = append(out, Glob{Pattern: pattern, Pos: Locate(r.name, r.data, arg, start-len(mount)-1)})
	}
}

// commented says whether the last line of a script's head is a comment.
func commented(head string) bool {
	line := head[strings.LastIndexByte(head, '\n')+1:]
	return strings.HasPrefix(strings.TrimSpace(line), "#")
}
