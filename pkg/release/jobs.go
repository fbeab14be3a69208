package release

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// parseJobs reads the periodics of a jobs file. The result is never nil; a
// periodic that is not a YAML mapping is reported and skipped.
func parseJobs(name string, data []byte, settings *Settings) (*JobsFile, []source.Problem) {
	f := &JobsFile{Path: name, Text: data}
	doc := parseYAML(name, data)
	root, problems := doc.root, doc.problems
	f.Root = root
	report := func(n *yaml.Node, format string, args ...any) {
		problems = append(problems, source.Problem{Pos: at(name, n), Message: fmt.Sprintf(format, args...), Hint: "see Prow's job configuration"})
	}
	if root == nil {
		return f, problems
	}
	if root.Kind != yaml.MappingNode {
		report(root, "a jobs file is a mapping with periodics, not %s", kindName(root))
		return f, problems
	}
	problems = append(problems, unknownKeys(name, root)...)
	list := Child(root, "periodics")
	if list != nil && list.Tag != "!!null" && list.Kind != yaml.SequenceNode {
		report(list, "periodics is a list of jobs, not %s", kindName(list))
		return f, problems
	}
	first := map[string]source.Position{} // position of the name of a periodic
	for _, item := range items(list) {
		n := Resolve(item)
		if n.Kind != yaml.MappingNode {
			report(n, "a periodic is a mapping, not %s", kindName(n))
			continue
		}
		if len(f.Jobs) == maxJobs {
			report(n, "this periodic and those after it are not read: there are more than %d", maxJobs)
			break
		}
		r := jobReader{name: name, data: data, settings: settings}
		job := r.job(n)
		f.Jobs = append(f.Jobs, job)
		if pos, twice := first[job.Name]; twice {
			problems = append(problems, source.Problem{Pos: job.Pos, First: pos, Hint: "remove one of the two, or give it another name",
				Message: fmt.Sprintf("there is another periodic %s: Prow refuses the file", job.Name)})
		} else if !jobName.MatchString(job.Name) {
			problems = append(problems, source.Problem{Pos: job.Pos, Hint: "give it a name of letters, digits, - . and _",
				Message: fmt.Sprintf("a periodic has the name %q: Prow refuses the file", job.Name)})
		} else {
			first[job.Name] = job.Pos
		}
	}
	return f, problems
}

// jobName matches the names of jobs that Prow accepts.
var jobName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// unknownKeys reports top-level keys of a jobs file that Prow does not know and
// ignores.
func unknownKeys(name string, root *yaml.Node) []source.Problem {
	known := []string{"periodics", "presubmits", "postsubmits", "presets", "prow_ignored", "decorate_all_jobs", "allow_insecure_ssh_repos"}
	var problems []source.Problem
	for key := range Pairs(root) {
		if !slices.Contains(known, key.Value) && suggest.Nearest(key.Value, known) != "" {
			problems = append(problems, source.Problem{Pos: at(name, key), Hint: suggest.Hint(key.Value, known, ""),
				Message: fmt.Sprintf("Prow ignores the key %s, which it does not know, and all jobs below it", key.Value)})
		}
	}
	return problems
}

type jobReader struct {
	name     string
	data     []byte
	settings *Settings
}

func (r jobReader) job(n *yaml.Node) *Job {
	j := &Job{Node: n, Pos: at(r.name, n), Labels: map[string]string{}, Env: map[string]Field{}}
	if v := Child(n, "name"); v != nil {
		j.Name, j.Pos = Text(v), at(r.name, v)
	}
	j.Cluster, j.Namespace, j.ClusterPos = Text(Child(n, "cluster")), Text(Child(n, "namespace")), j.Pos
	if v := Child(n, "cluster"); v != nil {
		j.ClusterPos = at(r.name, v)
	}
	j.NamespacePos = j.Pos
	if v := Child(n, "namespace"); v != nil {
		j.NamespacePos = at(r.name, v)
	}
	for _, key := range []string{"cron", "interval", "minimum_interval"} {
		value := Text(Child(n, key))
		if value == "" {
			continue
		}
		j.Schedules = append(j.Schedules, r.field(key, Child(n, key)))
		if j.Schedule = value; key != "cron" {
			j.Schedule = "@every " + value
		}
	}
	j.ServiceAccount = Text(Child(n, "spec", "serviceAccountName"))
	if v := Child(n, "spec", "automountServiceAccountToken"); Text(v) != "" {
		mounted := isTrue(v)
		j.Token, j.TokenPos = &mounted, at(r.name, v)
	}
	for key, value := range Pairs(Child(n, "labels")) {
		j.Labels[key.Value] = Text(value)
	}
	volumes := r.volumes(n)
	for _, c := range append(items(Child(n, "spec", "initContainers")), items(Child(n, "spec", "containers"))...) {
		r.container(j, c, volumes)
	}
	return j
}

func (r jobReader) fieldAt(key string, n *yaml.Node) *Field {
	f := r.field(key, n)
	return &f
}

func (r jobReader) field(key string, n *yaml.Node) Field {
	return Field{Key: key, Text: Text(n), Pos: at(r.name, n), Quoted: n.Tag == "!!str"}
}

// podVolumes are the volumes of a pod by name.
type podVolumes struct {
	mappings            map[string]bool       // those that hold the mappings
	configMaps, secrets map[string]*yaml.Node // the names of the ConfigMaps and secrets
}

func (r jobReader) volumes(n *yaml.Node) podVolumes {
	out := podVolumes{map[string]bool{}, map[string]*yaml.Node{}, map[string]*yaml.Node{}}
	for _, v := range items(Child(n, "spec", "volumes")) {
		volume := Text(Child(v, "name"))
		for _, source := range append(items(Child(v, "projected", "sources")), v) {
			if name := Child(source, "configMap", "name"); name != nil {
				out.configMaps[volume] = name
				out.mappings[volume] = out.mappings[volume] || r.settings.HoldsMappings(Text(name))
			}
		}
		if s := Child(v, "secret", "secretName"); s != nil {
			out.secrets[volume] = s
		}
	}
	return out
}

func (r jobReader) container(j *Job, c *yaml.Node, volumes podVolumes) {
	n := naming{jobReader: r, env: map[string]*yaml.Node{}, names: map[string]*yaml.Node{}}
	for _, arg := range append(items(Child(c, "command")), items(Child(c, "args"))...) {
		n.args = append(n.args, Resolve(arg))
	}
	from := n.environment(c)
	j.Args = append(j.Args, n.args...)
	mounts := false
	var instead *Field
	for _, m := range items(Child(c, "volumeMounts")) {
		volume, mount := Text(Child(m, "name")), strings.TrimSuffix(Text(Child(m, "mountPath")), "/")
		if volumes.mappings[volume] && mount != "" {
			if mount != r.settings.MountPath {
				instead = r.fieldAt("mountPath", Child(m, "mountPath"))
			}
			j.Mirrors, mounts = true, true
			if image := Child(c, "image"); image != nil {
				j.Image = Text(image)
			}
			if key := Child(m, "subPath"); Text(key) != "" { // one key, mounted as one file
				n.add(FormKey, nil, Glob{Pattern: Text(key), Pos: at(r.name, key)})
			} else {
				n.mount = mount
				n.find()
			}
		}
		if name := volumes.configMaps[volume]; name != nil && !volumes.mappings[volume] && mount == r.settings.MountPath {
			instead = r.fieldAt("configMap", name)
		}
		if secret, ok := volumes.secrets[volume]; ok {
			j.Secrets = append(j.Secrets, r.secret(secret, m, mount))
		}
	}
	unmounted := len(j.Unmounted)
	j.Unmounted = append(j.Unmounted, n.elsewhere...)
	if len(n.out.Globs) == 0 && !n.out.unknown && n.mount != r.settings.MountPath {
		n.mount = r.settings.MountPath
		n.find()
		j.Unmounted = append(j.Unmounted, n.out.Globs...)
		n.out.Globs, n.out.unknown = nil, false
	}
	if len(j.Unmounted) > unmounted {
		j.MountedAt = instead
	}
	if j.Mappings.join(n); mounts || n.out.Form != FormNone {
		j.EnvFrom = append(j.EnvFrom, from...)
		for name, value := range n.env {
			f := r.field(name, value)
			f.KeyPos = at(r.name, n.names[name])
			j.Env[name] = f
		}
	}
}

// environment reads the variables of a container. It also returns the names of
// variables with values from elsewhere; "*" stands for any name.
func (n *naming) environment(c *yaml.Node) (from []string) {
	for _, e := range items(Child(c, "env")) {
		name := Text(Child(e, "name"))
		if value := Child(e, "value"); value != nil && name != "" {
			n.env[name], n.names[name] = value, Child(e, "name")
		} else if Child(e, "valueFrom") != nil {
			from = append(from, name)
		}
	}
	if len(items(Child(c, "envFrom"))) > 0 {
		from = append(from, "*")
	}
	return from
}

// NamedAt returns the position at which the job names its first mappings, those
// that it does not mount included, or that of the job if it names none.
func (j *Job) NamedAt() source.Position {
	if named := slices.Concat(j.Mappings.Globs, j.Unmounted); len(named) > 0 {
		return named[0].Pos
	}
	return j.Pos
}

// MissingVolumes returns the names of volumes that containers of the job mount
// but its pod does not have. Kubernetes rejects such a pod.
func (j *Job) MissingVolumes(file string) []Field {
	has := map[string]bool{}
	for _, v := range items(Child(j.Node, "spec", "volumes")) {
		has[Text(Child(v, "name"))] = true
	}
	var missing []Field
	for _, c := range append(items(Child(j.Node, "spec", "initContainers")), items(Child(j.Node, "spec", "containers"))...) {
		for _, m := range items(Child(c, "volumeMounts")) {
			if name := Child(m, "name"); Text(name) != "" && !has[Text(name)] {
				missing = append(missing, Field{Key: "name", Text: Text(name), Pos: at(file, name)})
			}
		}
	}
	return missing
}

// join adds the mappings of one container. All mappings are known if some are
// and no container has an unknown form.
func (m *Mappings) join(n naming) {
	if m.Form == FormNone {
		m.Form, m.From = n.out.Form, n.out.From
	}
	m.Globs = append(m.Globs, n.out.Globs...)
	m.unknown = m.unknown || n.out.unknown
	m.Known = len(m.Globs) > 0 && !m.unknown
}

func (r jobReader) secret(secret, m *yaml.Node, mount string) SecretMount {
	s := SecretMount{Secret: Text(secret), Pos: at(r.name, secret), MountPath: mount}
	s.KeyPos = s.Pos
	if key := Child(m, "subPath"); key != nil {
		s.Key, s.KeyPos = Text(key), at(r.name, key)
	}
	return s
}
