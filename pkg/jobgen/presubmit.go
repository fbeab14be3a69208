package jobgen

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// PresubmitOptions configure the presubmits of a release repository.
type PresubmitOptions struct {
	Repository string // organisation/name
	Branch     string // such as master
	Image      string // an image with a shell, git, mirror-lint and mirror-jobgen
	Cluster    string
	Mappings   bool // whether mapping files are generated, too
	// Optional makes all presubmits optional for merging.
	Optional bool
	// Build is the version of mirror-tools that each job builds. The image then
	// needs Go instead of the commands. "" builds nothing.
	Build string
}

// Presubmits returns a jobs file with the presubmits of a release repository:
// mirror-lint for new findings, check-jobs for stale generated files,
// check-mappings for stale generated mapping files, and diff, which shows what a
// change mirrors differently and never fails. They run when one of their input
// files changes. Problems of the tree's settings are returned as [Problems].
func Presubmits(tree *release.Tree, o PresubmitOptions) ([]byte, error) {
	if err := settingsProblems(tree, release.PartLayout, release.PartSettings); err != nil {
		return nil, err
	}
	layout, settings := tree.Layout, tree.Settings
	inputs := []string{layout.Mirroring + "/", layout.Jobs, layout.Secrets, layout.Plugins, release.LayoutFile}
	if settings.Template != "" {
		inputs = append(inputs, settings.Template)
	}
	lint := append([]string{layout.Aliases, layout.Config + "/", layout.Releases + "/"}, inputs...)
	for _, dir := range layout.ManifestDirs() {
		lint = append(lint, dir+"/")
	}
	promoted := []string{layout.Config + "/", layout.Releases + "/"}
	jobs := []any{o.job("mirror-check-jobs", "mirror-jobgen generate --check", "", inputs)}
	if o.Mappings {
		jobs = append(jobs, o.job("mirror-check-mappings", "mirror-jobgen mappings --check", "", append([]string{layout.Mirroring + "/", release.LayoutFile}, promoted...)))
	}
	diff := o.job("mirror-diff", `mirror-jobgen diff --from "$PULL_BASE_SHA"`, " || true", append(promoted, inputs...))
	diff["optional"] = true
	jobs = append(jobs, diff, o.job("mirror-lint", `mirror-lint --trust-base --new-from "$PULL_BASE_SHA"`, "", lint))
	doc := object{"presubmits": object{o.Repository: jobs}}
	text, err := toYAML(doc)
	if err != nil {
		return nil, fmt.Errorf("printing the presubmits: %w", err)
	}
	return text, nil
}

// job builds one presubmit, which runs when one of the paths changes. after
// follows the command in its script.
func (o PresubmitOptions) job(name, command, after string, paths []string) object {
	var patterns []string
	for _, p := range paths {
		patterns = append(patterns, regexp.QuoteMeta(p))
	}
	slices.Sort(patterns)
	requests := object{"cpu": "500m"}
	exec := "exec "
	if after != "" {
		exec = "" // the shell runs what follows
	}
	run := exec + command + after
	if o.Build != "" {
		requests = object{"cpu": "2", "memory": "4Gi"}
		tool, _, _ := strings.Cut(command, " ")
		run = "GOBIN=/tmp/bin go install " + module + "/cmd/" + tool + "@" + o.Build + " && " + exec + "/tmp/bin/" + command + after
	}
	job := object{
		"agent": "kubernetes", "always_run": false, "branches": []any{"^" + regexp.QuoteMeta(o.Branch) + "$"},
		"cluster": o.Cluster, "context": "ci/prow/" + name, "decorate": true,
		"labels":         object{areaLabel: "image-mirroring"},
		"name":           fmt.Sprintf("pull-ci-%s-%s-%s", strings.ReplaceAll(o.Repository, "/", "-"), strings.ReplaceAll(o.Branch, "/", "-"), name),
		"rerun_command":  "/test " + name,
		"run_if_changed": "^(" + strings.Join(slices.Compact(patterns), "|") + ")",
		"trigger":        `(?m)^/test( | .* )` + name + `,?($|\s.*)`,
		"spec": object{"containers": []any{object{
			"args": []any{"-c", run}, "command": []any{"/bin/sh"},
			"image": o.Image, "imagePullPolicy": "Always", "name": "",
			"resources": object{"requests": requests},
		}}},
	}
	if o.Optional {
		job["optional"] = true
	}
	return job
}

// module is the Go module of the commands.
const module = "github.com/mirror-tools/mirror-tools"

// jobsDir is the folder with the jobs of all repositories.
const jobsDir = "ci-operator/jobs"

// Branch returns the development branch of a release repository according to the
// names of its own job files, or "" if they do not show it.
func Branch(tree *release.Tree, repository string) string {
	prefix := strings.ReplaceAll(repository, "/", "-") + "-"
	for _, branch := range [...]string{"main", "master"} {
		if files, _ := fs.Glob(tree.FS, jobsDir+"/"+repository+"/"+prefix+branch+"-*.yaml"); len(files) > 0 {
			return branch
		}
	}
	return ""
}
