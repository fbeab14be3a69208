package jobgen

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// shell fills in the script of the runner oc.
func (b *builder) shell(job, c object, s subject) {
	args := list(c, "args")
	if s.all.Image != "" {
		c["image"] = s.all.Image
	}
	b.onlyMirror(s)
	b.unused(s, "command")
	if len(args) == 0 {
		b.problem(s.at(""), "give its container args, the last of which is the script", "the template %s has no script to run", b.template.file)
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

// onlyMirror reports the settings that the other runners cannot obey.
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
var loopSettings = [...]string{"attempts", "continue_on_error", "keep_manifest_list", "max_per_registry", "registry_login", "skip_empty", "trace", "verbosity"}

// applyLoop changes the loop as the settings say.
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
	if s.RegistryLogin != "" {
		l.Login = s.RegistryLogin
	}
	if s.Attempts > 0 {
		l.Attempts = s.Attempts
	}
	if s.MaxPerRegistry > 0 {
		l.MaxPerRegistry = s.MaxPerRegistry
	}
	if s.Verbosity != nil {
		l.Verbosity = *s.Verbosity
	}
}

// mirrorCommand is this project's own command, as its image has it.
const mirrorCommand = "mirror"

// tokenFile is where Kubernetes mounts the token of a pod's service account.
const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// mirror makes the container run this project's mirror command, without a
// shell: Prow's signals reach it.
func (b *builder) mirror(job, c object, s subject, shard int) {
	b.mirrorRefuses(s)
	args := []any{"run", "-f=" + b.repo.MountPath + "/mapping_" + s.prefix() + "*"}
	if s.all.MaxPerRegistry > 0 {
		args = append(args, "--max-per-registry="+strconv.Itoa(s.all.MaxPerRegistry))
	}
	args = append(args, protection(s.all)...)
	if s.all.RegistryLogin == release.LoginUsed {
		cluster := str(job, "cluster")
		host, ok := b.repo.ClusterRegistries[cluster]
		if !ok {
			b.problem(s.at("registry_login"), "add it to cluster_registries in "+b.layout.Settings(), "the registry of cluster %s is not known", cluster)
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

// patched returns a job as its patches make it.
func (b *builder) patched(job object, s subject) object {
	quiet := *b
	quiet.problems = nil
	return quiet.patch(cloneObject(job), s)
}

// mirrorRefuses reports the settings with which mirror would not do what they
// say.
func (b *builder) mirrorRefuses(s subject) {
	if slices.Contains(s.own.Keys(), "script") {
		b.problem(s.at("script"), "remove it, or set runner: oc for this set", "%s has a script of its own, and the runner mirror runs none", s.name)
	}
	b.unused(s, "attempts", "skip_empty", "trace", "verbosity", "command")
	if keep := s.all.KeepManifestList; keep != nil && !*keep {
		b.problem(s.at("keep_manifest_list"), "remove it: mirror copies images of several architectures whole; or set runner: oc for this set",
			"keep_manifest_list: false does not go with the runner mirror: every run of %s would fail", s.name)
	}
	if s.own.Image != "" && !sameRepository(s.own.Image, b.repo.MirrorImage) {
		b.problem(s.at("image"), "remove image: mirror_image in "+b.layout.Settings()+" names the image with mirror; or set runner: oc for this set",
			"the image %s of %s is not the one with mirror in it (%s)", s.own.Image, s.name, b.repo.MirrorImage)
	}
}

// unused notes the settings of a set that its runner does not know. They may
// stay for the way back to another one.
func (b *builder) unused(s subject, keys ...string) {
	for _, key := range keys {
		if slices.Contains(s.own.Keys(), key) {
			b.notes = append(b.notes, source.Problem{Pos: s.at(key), Severity: source.Info,
				Message: key + " has no effect with the runner " + string(s.all.Runner)})
		}
	}
}

// sameRepository reports whether two images differ in tag or digest at most.
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

// graceOf returns the time that mirror may give to work under way after Prow's
// signal, where the job has a grace period of its own. Prow kills the job when
// that is over, so the reports need a part of it.
func graceOf(job object) (time.Duration, bool) {
	period, err := time.ParseDuration(str(job, "decoration_config", "grace_period"))
	if err != nil || period <= 0 {
		return 0, false
	}
	reports := min(max(period/10, 5*time.Second), 30*time.Second, period/2)
	return (period - reports).Round(100 * time.Millisecond), true
}

// entrypoint makes the container start a program that finds its mapping files
// by an environment variable.
func (b *builder) entrypoint(c object, s subject) {
	b.onlyMirror(s)
	b.unused(s, "attempts", "continue_on_error", "keep_manifest_list", "max_per_registry", "skip_empty", "trace", "verbosity")
	if slices.Contains(s.own.Keys(), "script") {
		b.problem(s.at("script"), "remove it, or set runner: oc", "script has no effect with the runner entrypoint")
	}
	image := cmp.Or(s.own.Image, b.repo.Entrypoint.Image, s.all.Image)
	if image == "" {
		b.problem(s.at("runner"), "set entrypoint: {image: …} in "+b.layout.Settings(), "the runner entrypoint needs the image that has the entry point")
	}
	command := s.all.Command
	if len(command) == 0 {
		command = b.repo.Entrypoint.Command
	}
	delete(c, "args")
	c["image"], c["command"] = image, anys(command)
	form := b.form()
	mappings := mappingName + s.prefix()
	if form.Value == release.ValueGlob {
		mappings += "*"
	}
	if form.Arg != "" {
		c["args"] = []any{form.Arg + "=" + mappings}
	} else {
		setEnv(c, form.Env, &mappings)
	}
	for _, name := range slices.Sorted(maps.Keys(form.Requires)) {
		value := form.Requires[name]
		setEnv(c, name, &value)
	}
	setAll(c, b.repo.Entrypoint.Env)
}

// form is how entry points are told their mappings: the first that the settings
// teach, else that of openshift/release.
func (b *builder) form() release.MappingsFrom { return b.repo.NamedBy()[0] }

// protection returns the flags that say what may be overwritten: the job sees the
// mapping files and none of the settings beside them.
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
