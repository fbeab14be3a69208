package release

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// The kinds of power that a job can have beyond mirroring its set, named as in
// the setting allow.
const (
	PowerScript     = "script"                // a shell script of its own
	PowerPatch      = "patch"                 // a patch that may change anything in its job
	PowerTemplate   = "template"              // a template of its own
	PowerImage      = "image"                 // another image
	PowerToken      = "service_account_token" // the token of its service account
	PowerCluster    = "cluster"               // another cluster
	PowerNamespace  = "namespace"             // another namespace
	PowerEnv        = "env"                   // secrets in its environment
	PowerSecret     = "secret"                // secrets that are not for its set, or mounted in an unusual way
	PowerHost       = "host"                  // files, network or processes of the node
	PowerPrivileged = "privileged"            // privileges of its containers
)

// Powers lists the kinds of power.
func Powers() []string {
	return []string{
		PowerScript, PowerPatch, PowerTemplate, PowerImage, PowerToken, PowerCluster, PowerNamespace,
		PowerEnv, PowerSecret, PowerHost, PowerPrivileged,
	}
}

// Allow lists the power that the jobs of sets may have: kinds by the name of
// the set, or by "*" for all sets.
type Allow map[string][]string

// MarshalYAML writes one line for each set.
func (a Allow) MarshalYAML() (any, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, set := range slices.Sorted(maps.Keys(a)) {
		kinds := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, kind := range a[set] {
			kinds.Content = append(kinds.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: kind})
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: set}, kinds)
	}
	return out, nil
}

// Allows reports whether the job of a set may have a kind of power.
func (s *Settings) Allows(set, kind string) bool {
	return slices.Contains(s.Allow[set], kind) || slices.Contains(s.Allow["*"], kind)
}

// Power is one thing that a job can do beyond mirroring.
type Power struct {
	Kind   string
	What   string // follows "can", such as "use the network of its machine"
	Secret string // name of the secret
	Plain  bool   // a secret that is mounted as a volume
	Pos    source.Position
}

// Powers returns what the pod of a job can do beyond mirroring, in the order of
// the file. It leaves out secrets in plain volumes, which are in Secrets.
func (j *Job) Powers(file string) []Power {
	r := powerReader{file: file, seen: map[*yaml.Node]bool{}}
	return r.job(j.Node)
}

// PatchPowers returns what the patch lets the pod of the job do beyond
// mirroring, in the order of the file. It includes secrets in plain volumes and
// service accounts.
func (s *JobSettings) PatchPowers() []Power {
	if s.patch == nil {
		return nil
	}
	r := powerReader{file: s.At("patch").File, patch: true, seen: map[*yaml.Node]bool{}}
	return r.job(s.patch)
}

type powerReader struct {
	file  string
	patch bool                // of a set: usual settings of a job count as power too
	seen  map[*yaml.Node]bool // an alias makes one node appear in several places
	found []Power
}

// job reads a whole job, or a part of one.
func (r *powerReader) job(job *yaml.Node) []Power {
	spec := field(job, "spec")
	for _, key := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if v := field(spec, key); isTrue(v) {
			r.add(PowerHost, v, "", "share the host's "+map[string]string{"hostNetwork": "network", "hostPID": "processes", "hostIPC": "memory"}[key]+" ("+key+")")
		}
	}
	for _, s := range items(field(spec, "imagePullSecrets")) {
		if name := field(s, "name"); Text(name) != "" {
			r.add(PowerSecret, name, Text(name), "pull images with the secret "+Text(name)+" (imagePullSecrets)")
		}
	}
	for _, v := range items(field(spec, "volumes")) {
		r.volume(v)
	}
	for _, key := range []string{"serviceAccountName", "serviceAccount"} {
		if name := field(spec, key); r.patch && Text(name) != "" {
			r.add(PowerToken, name, "", "run as the service account "+Text(name))
		}
	}
	decoration := field(job, "decoration_config")
	r.secrets(decoration, "decoration_config")
	if images := field(decoration, "utility_images"); images != nil {
		r.add(PowerImage, images, "", "run other utility images (decoration_config)")
	}
	r.privileges(field(spec, "securityContext"))
	for _, kind := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for _, c := range items(field(spec, kind)) {
			r.container(c)
		}
	}
	slices.SortStableFunc(r.found, func(a, b Power) int { return a.Pos.Compare(b.Pos) })
	return r.found
}

func (r *powerReader) add(kind string, n *yaml.Node, secret, what string) {
	if !r.seen[n] {
		r.seen[n] = true
		r.found = append(r.found, Power{Kind: kind, What: what, Secret: secret, Pos: at(r.file, n)})
	}
}

func (r *powerReader) volume(v *yaml.Node) {
	if p := field(v, "hostPath"); p != nil {
		r.add(PowerHost, p, "", "reach the host's files at "+Text(field(p, "path"))+" (hostPath)")
	}
	if name := field(v, "secret", "secretName"); r.patch && Text(name) != "" && !r.seen[name] {
		r.add(PowerSecret, name, Text(name), "read the secret "+Text(name))
		r.found[len(r.found)-1].Plain = true
	}
	for kind, value := range Pairs(v) {
		if !slices.ContainsFunc([]string{"secret", "projected", "csi"}, func(k string) bool { return strings.EqualFold(k, kind.Value) }) {
			r.secrets(value, kind.Value)
		}
	}
	for _, s := range items(field(v, "projected", "sources")) {
		if name := field(s, "secret", "name"); Text(name) != "" {
			r.add(PowerSecret, name, Text(name), "read the secret "+Text(name)+" (projected)")
		}
		if t := field(s, "serviceAccountToken"); t != nil {
			r.add(PowerToken, t, "", "use the token of its service account (projected)")
		}
	}
	if c := field(v, "csi"); c != nil {
		what := "read what the driver " + Text(field(c, "driver")) + " gives (csi)"
		if class := Text(field(c, "volumeAttributes", "secretProviderClass")); class != "" {
			what = "read the secrets of " + class + " (csi)"
		}
		r.add(PowerSecret, c, "", what)
		if name := field(c, "nodePublishSecretRef", "name"); Text(name) != "" {
			r.add(PowerSecret, name, Text(name), "use the secret "+Text(name)+" (csi)")
		}
	}
}

func (r *powerReader) container(c *yaml.Node) {
	r.privileges(field(c, "securityContext"))
	for _, e := range items(field(c, "env")) {
		if name := field(e, "valueFrom", "secretKeyRef", "name"); Text(name) != "" {
			r.add(PowerEnv, name, Text(name), "read the secret "+Text(name)+" in its environment (env)")
		}
	}
	for _, e := range items(field(c, "envFrom")) {
		if name := field(e, "secretRef", "name"); Text(name) != "" {
			r.add(PowerEnv, name, Text(name), "read all of the secret "+Text(name)+" in its environment (envFrom)")
		}
	}
}

func (r *powerReader) privileges(context *yaml.Node) {
	for _, key := range []string{"privileged", "allowPrivilegeEscalation"} {
		if v := field(context, key); isTrue(v) {
			r.add(PowerPrivileged, v, "", "act with the privileges of its machine ("+key+")")
		}
	}
	if list := field(context, "capabilities", "add"); len(items(list)) > 0 {
		var names []string
		for _, n := range items(list) {
			names = append(names, Text(n))
		}
		r.add(PowerPrivileged, list, "", "act with the capabilities "+strings.Join(names, ", "))
	}
}

// secrets reads the secrets that a part of a job names under keys such as secretRef,
// secretName or ssh_key_secrets.
func (r *powerReader) secrets(n *yaml.Node, how string) {
	for key, value := range Pairs(n) {
		if !strings.Contains(strings.ToLower(key.Value), "secret") {
			r.secrets(value, how)
			continue
		}
		for _, name := range append(slices.Clone(items(value)), value, field(value, "name")) {
			if name = Resolve(name); Text(name) != "" {
				r.add(PowerSecret, name, Text(name), "read the secret "+Text(name)+" ("+how+")")
			}
		}
	}
}

// field returns the value at keys, ignoring case as Prow does.
func field(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		for name, value := range Pairs(n) {
			if strings.EqualFold(name.Value, key) {
				found = value
			}
		}
		n = found
	}
	return Resolve(n)
}
