package jobgen

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// shellRunner is the runner oc: a shell loop around "oc image mirror".
type shellRunner struct{ *builder }

// fill writes the script.
func (b shellRunner) fill(job, c object, s subject) {
	args := list(c, "args")
	if s.all.Image != "" {
		c["image"] = s.all.Image
	}
	b.onlyMirror(s)
	b.unused(s, "command", "args")
	if len(args) == 0 {
		b.problem(s.at(""), "add args to its container; the last one is the script", "the template %s has no script", b.template.file)
		return
	}
	last := &args[len(args)-1]
	switch {
	case s.all.Script != "":
		*last = s.all.Script
	case b.template.loops:
		l := b.template.loop
		l.Mount = b.repo.MountPath
		l.Glob = strings.ReplaceAll(l.Glob, placeholder, s.prefix())
		applyLoop(&l, s.all)
		b.severalLines(s)
		*last = l.String()
	default:
		for _, key := range loopSettings {
			if slices.Contains(s.own.Keys(), key) || slices.Contains(b.repo.Defaults.Keys(), key) {
				b.problem(s.at(key), "use script instead", "%s does not fit the script of the template %s", key, b.template.file)
			}
		}
		*last = strings.ReplaceAll(script(c), placeholder, s.prefix())
	}
}

// severalLines reports mapping files whose images get no digest tag with oc.
func (b shellRunner) severalLines(s subject) {
	if s.all.DigestTags == 0 || s.set == nil {
		return
	}
	for _, f := range s.set.Files {
		lines := 0
		for range f.Entries() {
			lines++
		}
		if lines > 1 {
			b.notes = append(b.notes, source.Problem{Pos: source.Position{File: f.Path}, Severity: source.Warning,
				Message: "the file has several lines: the loop of oc fails to push their digest tags", Hint: "set runner: mirror, or split the file"})
		}
	}
}

// onlyMirror reports settings that only the runner mirror supports.
func (b *builder) onlyMirror(s subject) {
	if s.all.Shards > 1 {
		b.problem(s.at("shards"), "set runner: mirror", "shards need the runner mirror")
	}
	for _, key := range [...]string{"overwrite", "immutable", "protected", "backup"} {
		if slices.Contains(s.own.Keys(), key) {
			b.problem(s.at(key), "set runner: mirror", "%s needs the runner mirror: oc overwrites every tag", key)
		}
	}
}

// loopSettings are the settings that change the shell loop.
var loopSettings = [...]string{"attempts", "continue_on_error", "digest_tags", "keep_manifest_list", "max_per_registry", "registry_login", "skip_empty", "trace", "verbosity"}

// applyLoop applies the settings to the loop.
func applyLoop(l *release.Loop, s release.JobSettings) {
	flag := func(p *bool, v *bool) {
		if v != nil {
			*p = *v
		}
	}
	flag(&l.Trace, s.Trace)
	flag(&l.SkipEmpty, s.SkipEmpty)
	flag(&l.KeepManifestList, s.KeepManifestList)
	flag(&l.ContinueOnError, s.ContinueOnError)
	l.Login = cmp.Or(s.RegistryLogin, l.Login)
	l.Attempts = cmp.Or(s.Attempts, l.Attempts)
	l.MaxPerRegistry = cmp.Or(s.MaxPerRegistry, l.MaxPerRegistry)
	l.DigestTags = cmp.Or(s.DigestTags, l.DigestTags)
	if s.Verbosity != nil {
		l.Verbosity = *s.Verbosity
	}
}

// mirrorCommand is the command of this project in its image.
const mirrorCommand = "mirror"

// tokenFile is where Kubernetes mounts the token of a pod's service account.
const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// mirrorRunner is the runner mirror: this project's command.
type mirrorRunner struct{ *builder }

// fill makes the container run the command without a shell, so that
// Prow's signals reach it.
func (b mirrorRunner) fill(job, c object, s subject, shard int) {
	b.refuses(s)
	args := []any{"run", "-f=" + b.repo.MountPath + "/mapping_" + s.prefix() + "*"}
	if s.all.MaxPerRegistry > 0 {
		args = append(args, "--max-per-registry="+strconv.Itoa(s.all.MaxPerRegistry))
	}
	if s.all.DigestTags > 0 {
		args = append(args, "--digest-tags="+strconv.Itoa(s.all.DigestTags))
	}
	args = append(args, protection(s.all)...)
	if s.all.RegistryLogin == release.LoginUsed {
		cluster := str(job, "cluster")
		host, ok := b.repo.ClusterRegistries[cluster]
		if !ok {
			b.problem(s.at("registry_login"), "add it to cluster_registries in "+b.layout.Settings(), "the registry of cluster %s is unknown", cluster)
		}
		args = append(args, "--registry-token="+host+"="+tokenFile)
	}
	if n := s.shards(); n > 1 {
		args = append(args, "--shard="+strconv.Itoa(shard)+"/"+strconv.Itoa(n))
	}
	if grace, ok := graceOf(b.patched(job, s)); ok {
		args = append(args, "--grace="+grace.String())
	}
	c["command"] = []any{mirrorCommand}
	c["args"] = args
	c["image"] = b.repo.MirrorImage
	if sameRepository(s.own.Image, b.repo.MirrorImage) {
		c["image"] = s.own.Image
	}
}

// patched returns a job with its patches applied.
func (b mirrorRunner) patched(job object, s subject) object {
	quiet := *b.builder
	quiet.problems = nil
	return quiet.patch(cloneObject(job), s)
}

// refuses reports settings that the runner mirror does not support.
func (b mirrorRunner) refuses(s subject) {
	if slices.Contains(s.own.Keys(), "script") {
		b.problem(s.at("script"), "remove it, or set runner: oc for this set", "%s has a script of its own, and the runner mirror does not run scripts", s.name)
	}
	b.unused(s, "attempts", "skip_empty", "trace", "verbosity", "command", "args")
	if keep := s.all.KeepManifestList; keep != nil && !*keep {
		b.problem(s.at("keep_manifest_list"), "remove it: mirror copies multi-architecture images completely; or set runner: oc for this set",
			"keep_manifest_list: false cannot be combined with the runner mirror: every run of %s would fail", s.name)
	}
	if s.own.Image != "" && !sameRepository(s.own.Image, b.repo.MirrorImage) {
		b.problem(s.at("image"), "remove image: mirror_image in "+b.layout.Settings()+" is the image with mirror; or set runner: oc for this set",
			"the image %s of %s is not the image with mirror (%s)", s.own.Image, s.name, b.repo.MirrorImage)
	}
}

// sameRepository reports whether two images differ at most in tag or digest.
func sameRepository(a, b string) bool {
	repository := func(image string) string {
		image, _, _ = strings.Cut(image, "@")
		if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
			image = image[:i]
		}
		return image
	}
	return a != "" && repository(a) == repository(b)
}

// graceOf returns how long mirror may finish running work after Prow's signal, if
// the job has a grace period of its own. Prow kills the job at the end of the
// period, so some of it is reserved for reports.
func graceOf(job object) (time.Duration, bool) {
	period, err := time.ParseDuration(str(job, "decoration_config", "grace_period"))
	if err != nil || period <= 0 {
		return 0, false
	}
	reports := min(max(period/10, 5*time.Second), 30*time.Second, period/2)
	return (period - reports).Round(100 * time.Millisecond), true
}

// protection returns the flags that control overwriting. The job needs them,
// because it sees only the mapping files and not the settings.
func protection(s release.JobSettings) (args []any) {
	if s.Overwrite != "" {
		args = append(args, "--overwrite="+string(s.Overwrite))
	}
	for _, pattern := range s.Immutable {
		args = append(args, "--immutable="+pattern)
	}
	if s.Protected != "" {
		args = append(args, "--protected="+string(s.Protected))
	}
	if s.Backup != "" {
		args = append(args, "--backup="+s.Backup)
	}
	return args
}
