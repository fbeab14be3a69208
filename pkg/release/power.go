package release

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// The kinds of power that a job can have beyond mirroring its set, by the names
// that the setting allow takes.
const (
	PowerScript     = "script"                // a shell script of its own
	PowerPatch      = "patch"                 // a change of anything in its job
	PowerTemplate   = "template"              // another job to start from
	PowerImage      = "image"                 // another image
	PowerToken      = "service_account_token" // the token of its service account
	PowerCluster    = "cluster"               // another cluster
	PowerNamespace  = "namespace"             // another namespace
	PowerEnv        = "env"                   // secrets in its environment
	PowerSecret     = "secret"                // secrets that are not for its set, or mounted in a way of its own
	PowerHost       = "host"                  // files, network or processes of the machine
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

// Power is one thing that a job can do beyond mirroring, as its pod has it.
type Power struct {
	Kind   string
	What   string // follows "can", such as "use the network of its machine"
	Secret string // for a secret: its name
	Plain  bool   // a secret that is mounted as a volume of its own
	Pos    source.Position
}

// Powers returns what the pod of a job can do beyond mirroring, in the order of the
// file. Secrets that are plainly mounted are in Secrets and not here.
func (j *Job) Powers(file string) []Power {
	r := powerReader{file: file, seen: map[*yaml.Node]bool{}}
	return r.job(j.Node)
}

// PatchPowers returns what the patch lets the pod of the job do beyond mirroring, in
// the order of the file, which is that of the settings. Secrets that are plainly
// mounted are among it.
func (s *JobSettings) PatchPowers(file string) []Power {
	if s.patch == nil {
		return nil
	}
	r := powerReader{file: file, mounts: true, seen: map[*yaml.Node]bool{}}
	return r.job(s.patch)
}

type powerReader struct {
	file   string
	mounts bool                // secrets that are plainly mounted, too
	seen   map[*yaml.Node]bool // an alias makes one node appear in several places
	found  []Power
}

// job reads a whole job, or a part of one.
func (r *powerReader) job(job *yaml.Node) []Power {
	spec := child(job, "spec")
	for _, key := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if v := child(spec, key); isTrue(v) {
			r.add(PowerHost, v, "", "share the host's "+map[string]string{"hostNetwork": "network", "hostPID": "processes", "hostIPC": "memory"}[key]+" ("+key+")")
		}
	}
	for _, s := range items(child(spec, "imagePullSecrets")) {
		if name := child(s, "name"); text(name) != "" {
			r.add(PowerSecret, name, text(name), "pull images with the secret "+text(name)+" (imagePullSecrets)")
		}
	}
	for _, v := range items(child(spec, "volumes")) {
		r.volume(v)
	}
	r.privileges(child(spec, "securityContext"))
	for _, kind := range []string{"initContainers", "containers", "ephemeralContainers"} {
		for _, c := range items(child(spec, kind)) {
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
	if p := child(v, "hostPath"); p != nil {
		r.add(PowerHost, p, "", "reach the host's files at "+text(child(p, "path"))+" (hostPath)")
	}
	if name := child(v, "secret", "secretName"); r.mounts && text(name) != "" && !r.seen[name] {
		r.add(PowerSecret, name, text(name), "read the secret "+text(name))
		r.found[len(r.found)-1].Plain = true
	}
	for _, s := range items(child(v, "projected", "sources")) {
		if name := child(s, "secret", "name"); text(name) != "" {
			r.add(PowerSecret, name, text(name), "read the secret "+text(name)+" (projected)")
		}
		if t := child(s, "serviceAccountToken"); t != nil {
			r.add(PowerToken, t, "", "use the token of its service account (projected)")
		}
	}
	if c := child(v, "csi"); c != nil {
		what := "read what the driver " + text(child(c, "driver")) + " gives (csi)"
		if class := text(child(c, "volumeAttributes", "secretProviderClass")); class != "" {
			what = "read the secrets of " + class + " (csi)"
		}
		r.add(PowerSecret, c, "", what)
		if name := child(c, "nodePublishSecretRef", "name"); text(name) != "" {
			r.add(PowerSecret, name, text(name), "use the secret "+text(name)+" (csi)")
		}
	}
}

func (r *powerReader) container(c *yaml.Node) {
	r.privileges(child(c, "securityContext"))
	for _, e := range items(child(c, "env")) {
		if name := child(e, "valueFrom", "secretKeyRef", "name"); text(name) != "" {
			r.add(PowerEnv, name, text(name), "read the secret "+text(name)+" in its environment (env)")
		}
	}
	for _, e := range items(child(c, "envFrom")) {
		if name := child(e, "secretRef", "name"); text(name) != "" {
			r.add(PowerEnv, name, text(name), "read all of the secret "+text(name)+" in its environment (envFrom)")
		}
	}
}

func (r *powerReader) privileges(context *yaml.Node) {
	for _, key := range []string{"privileged", "allowPrivilegeEscalation"} {
		if v := child(context, key); isTrue(v) {
			r.add(PowerPrivileged, v, "", "act with the privileges of its machine ("+key+")")
		}
	}
	if list := child(context, "capabilities", "add"); len(items(list)) > 0 {
		var names []string
		for _, n := range items(list) {
			names = append(names, text(n))
		}
		r.add(PowerPrivileged, list, "", "act with the capabilities "+strings.Join(names, ", "))
	}
}
