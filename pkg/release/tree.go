// Package release reads the parts of a release repository that concern image
// mirroring into plain data: the sets and their mapping files, OWNERS, the
// periodics that run them, the settings of mirror-tools, and what ci-operator
// promotes.
//
// The package promises:
//
//   - [Load] reads through an [io/fs.FS] and nothing else, each file once, and
//     never writes; a Tree is not changed after it is loaded and may be used
//     from several goroutines;
//   - every mistake in a file becomes a [Problem] with a position and the rest
//     is loaded; Load fails only without a release repository;
//   - the order is stable: sets, files and owners by name, jobs as in their
//     file.
package release

import (
	"io/fs"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Tree is a release repository as data. It is used by pointer and never copied.
type Tree struct {
	FS       fs.FS
	Layout   Layout   // paths of the files; Layout.Jobs includes the setting jobs_file
	Sets     []*Set   // by name
	Loose    []string // mapping_* files directly in Layout.Mirroring, outside any set
	Jobs     *JobsFile
	Aliases  *Aliases  // nil if there is no file with aliases
	Settings *Settings // _mirror.yaml over the defaults; never nil
	Problems []Problem // problems of files, by position

	files map[string][]byte // text of the files with positions

	derived derived
}

// derived are the facts of a tree that are computed on first use.
type derived struct {
	promotions lazy[*Promotions]
	images     lazy[*CIImages]
	secrets    lazy[*Secrets]
	updater    lazy[*Updater]
	manifests  lazy[*Manifests]
	runs       lazy[*Runs]
	template   lazy[*Job]
}

// Promotions returns what ci-operator and the release controller publish. It is
// read on the first call; never nil.
func (t *Tree) Promotions() *Promotions { return t.derived.promotions.get(t, loadPromotions) }

// CIImages returns what ci-images-mirror copies. It is read on the first call;
// never nil.
func (t *Tree) CIImages() *CIImages { return t.derived.images.get(t, loadCIImages) }

// Secrets returns what ci-secret-bootstrap creates. It is read on the first call;
// never nil.
func (t *Tree) Secrets() *Secrets { return t.derived.secrets.get(t, loadSecrets) }

// Updater returns how config-updater uploads files. It is read on the first call;
// never nil.
func (t *Tree) Updater() *Updater { return t.derived.updater.get(t, loadUpdater) }

// Manifests returns what the manifests of the CI registry's cluster say. They are
// read on the first call; never nil.
func (t *Tree) Manifests() *Manifests { return t.derived.manifests.get(t, loadManifests) }

// Runs relates jobs to the files that they mirror. It is computed on the first
// call; never nil.
func (t *Tree) Runs() *Runs { return t.derived.runs.get(t, loadRuns) }

// Template returns the job template, or nil if it cannot be read.
func (t *Tree) Template() *Job { return t.derived.template.get(t, loadTemplate) }

// Part is the file of the tree that a problem makes unreadable.
type Part int

// The parts of a tree.
const (
	PartMapping Part = iota
	PartOwners
	PartAliases
	PartJobs
	PartJobSettings
	PartSettings
	PartLayout
	PartOther
)

// Problem is a problem of a file or of a position in it.
type Problem struct {
	source.Problem
	Part Part
	Set  string // name of the set that the file belongs to
}

// Set is one sub-folder of Layout.Mirroring: the mappings of one team.
type Set struct {
	Name   string
	Dir    string // Layout.Set(Name)
	Files  []*MappingFile
	Nested []string     // mapping files in its sub-directories, relative to the folder; not read
	Others []string     // names of other files in the folder, sub-directories with a trailing slash
	Owners *Owners      // nil if there is no OWNERS file
	Job    *JobSettings // _job.yaml; nil without one
	// Generated lists the generated mapping files (_config.yaml); nil without
	// that file.
	Generated *MappingConfig
}

// MappingFile is one file of a set whose name has the prefix "mapping_".
type MappingFile struct {
	*mapping.File
	Set  *Set
	Path string // relative to the root of the tree
	Base string // base name: the key in the ConfigMap
	Size int    // bytes
}

// JobsFile is the file with the mirroring periodics.
type JobsFile struct {
	Path string
	Text []byte
	Root *yaml.Node // the document; nil when it does not parse
	Jobs []*Job     // the periodics in file order
}

// Job has the fields of a periodic that concern mirroring; Node has the rest.
type Job struct {
	Node   *yaml.Node // the mapping node of the periodic
	Pos    source.Position
	Name   string
	Labels map[string]string

	// Schedule is the cron expression, or "@every" and the interval.
	Schedule string
	// Schedules are cron, interval and minimum_interval, those that are set. Prow
	// takes exactly one.
	Schedules []Field

	Cluster    string
	ClusterPos source.Position // that of the job without a cluster
	Namespace  string          // "" means the namespace of Prow's test pods, "ci"
	// NamespacePos is the position of the namespace, or of a job without one.
	NamespacePos source.Position
	// ServiceAccount is the service account of the pod; "" means "default".
	ServiceAccount string
	// Token is automountServiceAccountToken of the pod; nil if not set.
	Token    *bool
	TokenPos source.Position // of the setting

	// Mirrors reports whether the job mounts the mappings' ConfigMap.
	Mirrors bool
	// Mappings are the mapping files that the job names, with the form.
	Mappings Mappings
	// Unmounted are patterns of mapping files below a folder at which the job
	// does not mount the mappings.
	Unmounted []Glob
	// MountedAt is where a container of Unmounted mounts the mappings instead,
	// or the name of another ConfigMap that it mounts in their place; else nil.
	MountedAt *Field
	// Env are the literal environment variables of the containers that mount or
	// name mappings, by name.
	Env map[string]Field
	// EnvFrom are the names of variables of these containers with values from
	// elsewhere; "*" stands for any name.
	EnvFrom []string
	// Args are the nodes of the commands and arguments of the job's containers,
	// which include shell scripts.
	Args []*yaml.Node
	// Image is the image of the job's container that mounts the mappings.
	Image string
	// Secrets are the secrets the job mounts.
	Secrets []SecretMount
}

// Field is one value of a job with its position.
type Field struct {
	Key, Text string
	Pos       source.Position // of the value
	KeyPos    source.Position // of the name of an environment variable
	Quoted    bool            // a string in YAML, not a number or boolean
}

// HasToken reports whether Prow mounts the token of the service account.
// Without Token, it does so only if the job names a service account.
func (j *Job) HasToken() bool {
	if j.Token != nil {
		return *j.Token
	}
	return j.ServiceAccount != ""
}

// SecretMount is one mount of a secret volume in the job's pod.
type SecretMount struct {
	Secret    string
	Pos       source.Position // of the secret's name
	Key       string          // subPath; "" when the whole secret is mounted
	KeyPos    source.Position
	MountPath string
}
