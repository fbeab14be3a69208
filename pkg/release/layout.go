package release

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// LayoutFile is the file at the root of a repository whose layout differs from
// that of openshift/release.
const LayoutFile = "mirror-tools.yaml"

// Layout has the paths of files in a release repository. Paths are relative to
// the root, with "/".
type Layout struct {
	// Mirroring is the folder with a sub-folder for each set.
	Mirroring string `yaml:"mirroring,omitempty"`
	// Jobs is the file with the mirroring periodics. The setting jobs_file
	// overrides it.
	Jobs string `yaml:"jobs_file,omitempty"`
	// Config is the folder with the ci-operator configs.
	Config string `yaml:"ci_operator_config,omitempty"`
	// Plugins is the configuration of Prow's plugins, which includes that of
	// config-updater.
	Plugins string `yaml:"plugins_file,omitempty"`
	// Secrets is the configuration of ci-secret-bootstrap.
	Secrets string `yaml:"secrets_file,omitempty"`
	// Releases is the folder with the settings of the release controller.
	Releases string `yaml:"releases,omitempty"`
	// Aliases is the file with the aliases that OWNERS files use.
	Aliases string `yaml:"aliases_file,omitempty"`
	// Manifests are the folders with the manifests that are applied to the
	// cluster of the CI registry.
	Manifests []string `yaml:"manifests,omitempty"`

	positions `yaml:"-"`
}

// JobSettingsName is the file in a set's folder with the settings of its job.
const JobSettingsName = "_job.yaml"

// DefaultLayout is the layout of openshift/release. clusters/app.ci/common is a
// link to clusters/build-clusters/common, and the last two folders of manifests
// were in use until 2020.
func DefaultLayout() Layout {
	return Layout{
		Mirroring: "core-services/image-mirroring",
		Jobs:      "ci-operator/jobs/infra-image-mirroring.yaml",
		Config:    "ci-operator/config",
		Plugins:   "core-services/prow/02_config/_plugins.yaml",
		Secrets:   "core-services/ci-secret-bootstrap/_config.yaml",
		Releases:  "core-services/release-controller/_releases",
		Aliases:   "OWNERS_ALIASES",
		Manifests: []string{"clusters/app.ci", "clusters/build-clusters/common", "core-services/various_rbac", "cluster/ci"},
	}
}

// Settings is the file with the settings of the whole repository.
func (l *Layout) Settings() string { return l.Mirroring + "/_mirror.yaml" }

// Supplemental is the configuration of ci-images-mirror, which copies images
// of other registries into the CI registry.
func (l *Layout) Supplemental() string { return l.Mirroring + "/_config.yaml" }

// Readme is the file that explains the sets to people.
func (l *Layout) Readme() string { return l.Mirroring + "/README.md" }

// Set returns the folder of a set.
func (l *Layout) Set(name string) string { return l.Mirroring + "/" + name }

// Uploads returns the pattern of config-updater that matches every mapping
// file.
func (l *Layout) Uploads() string { return l.Mirroring + "/**/mapping_*" }

// ManifestDirs returns the folders with manifests, which may also be in the
// folders of sets.
func (l *Layout) ManifestDirs() []string {
	return append(append([]string(nil), l.Manifests...), l.Mirroring)
}

// LayoutOf returns the layout of the repository whose root is the root of fsys:
// the valid part of its mirror-tools.yaml over [DefaultLayout].
func LayoutOf(fsys fs.FS) Layout {
	data, err := fs.ReadFile(bound(fsys), LayoutFile)
	if err != nil {
		return DefaultLayout()
	}
	layout, _ := ParseLayout(LayoutFile, data)
	return layout
}

// ParseLayout reads the text of a mirror-tools.yaml over the default layout.
// file is the name in positions. Mistakes are reported in order and do not
// affect other settings.
func ParseLayout(file string, data []byte) (Layout, []source.Problem) {
	content := struct {
		Layout Layout `yaml:"layout"`
	}{DefaultLayout()}
	d := decoder{yamlReader{file: file}}
	d.document(data, &content)
	l, def := &content.Layout, DefaultLayout()
	check := func(key string, value *string, otherwise string) {
		why := badPath(*value)
		if key == "jobs_file" {
			why = badJobsFile(*l, *value)
		}
		if why != "" {
			d.problem(l.At(key), key+" "+quoted64(*value)+" "+why, "write a path below the root of the repository, such as "+otherwise)
			*value = otherwise
		}
	}
	check("mirroring", &l.Mirroring, def.Mirroring)
	check("jobs_file", &l.Jobs, def.Jobs)
	check("ci_operator_config", &l.Config, def.Config)
	check("plugins_file", &l.Plugins, def.Plugins)
	check("secrets_file", &l.Secrets, def.Secrets)
	check("releases", &l.Releases, def.Releases)
	check("aliases_file", &l.Aliases, def.Aliases)
	if len(l.Manifests) > maxManifestDirs {
		d.problem(l.At("manifests"), fmt.Sprintf("manifests has more than %d folders", maxManifestDirs), "name a folder above them")
		l.Manifests = l.Manifests[:maxManifestDirs]
	}
	for i := range l.Manifests {
		l.Manifests[i] = strings.TrimSuffix(l.Manifests[i], "/")
		check("manifests", &l.Manifests[i], def.Manifests[0])
	}
	return *l, d.sorted()
}
