package jobgen

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// entrypointRunner is the runner entrypoint: a program in the image of the job.
type entrypointRunner struct{ *builder }

// fill makes the container run a program that selects its mapping files by
// an environment variable or an argument.
func (b entrypointRunner) fill(c object, s subject) {
	b.onlyMirror(s)
	b.unused(s, "attempts", "continue_on_error", "keep_manifest_list", "max_per_registry", "skip_empty", "trace", "verbosity")
	if slices.Contains(s.own.Keys(), "script") {
		b.problem(s.at("script"), "remove it, or set runner: oc", "script has no effect with the runner entrypoint")
	}
	if s.all.DigestTags > 0 {
		b.problem(s.at("digest_tags"), "remove it, or set runner: mirror", "the entry point pushes no digest tags")
	}
	e := b.repo.Entrypoint
	image := cmp.Or(s.own.Image, e.Image, s.all.Image)
	if image == "" {
		b.problem(s.at("runner"), "set entrypoint: {image: …} in "+b.layout.Settings(), "the runner entrypoint needs an image with the entry point")
	}
	command, args := s.all.Command, []string(s.all.Args)
	if len(command) == 0 {
		command = e.Command
	}
	if args == nil {
		args = e.Args
	}
	delete(c, "args")
	c["image"], c["command"] = image, anys(command)
	if !b.selects(c, s, args) {
		args = b.selectMappings(c, s, args)
	}
	if len(args) > 0 {
		c["args"] = anys(args)
		for i, arg := range args {
			list(c, "args")[i] = strings.ReplaceAll(arg, placeholder, s.prefix())
		}
	}
	setAll(c, e.Env, s)
}

// selects reports whether the settings themselves select the mappings, in an
// argument or a variable.
func (b entrypointRunner) selects(c object, s subject, args []string) bool {
	for i, arg := range args {
		if strings.Contains(arg, placeholder) || b.selecting(args[:i], arg) {
			return true
		}
	}
	env := texts(envOf(c))
	for _, values := range []release.Values{b.repo.Entrypoint.Env, b.repo.Defaults.Env, s.own.Env} {
		maps.Copy(env, values)
	}
	for _, value := range env {
		if value != nil && strings.Contains(*value, placeholder) {
			return true
		}
	}
	return false
}

// selectMappings selects the mappings in the usual way of the tree. It returns the
// arguments.
func (b entrypointRunner) selectMappings(c object, s subject, args []string) []string {
	form := b.form()
	mappings := mappingName + s.prefix()
	if form.Value == release.ValueGlob {
		mappings += "*"
	}
	if form.Arg != "" {
		args = append(slices.Clone(args), form.Arg+"="+mappings)
	} else {
		setEnv(c, release.Values{form.Env: &mappings})
	}
	for _, name := range slices.Sorted(maps.Keys(form.Requires)) {
		value := form.Requires[name]
		setEnv(c, release.Values{name: &value})
	}
	return args
}

// form returns how jobs pass their mappings to entry points: the first form in
// the settings, else that of openshift/release.
func (b basis) form() release.MappingsFrom { return b.repo.NamedBy()[0] }

// selecting reports whether an argument, which follows others, selects mappings.
func (b basis) selecting(before []string, arg string) bool {
	if strings.Contains(arg, b.repo.MountPath+"/"+mappingName) {
		return true
	}
	return slices.ContainsFunc(b.repo.NamedBy(), func(form release.MappingsFrom) bool {
		return form.Arg != "" && (strings.HasPrefix(arg, form.Arg+"=") || len(before) > 0 && before[len(before)-1] == form.Arg)
	})
}

// envOf returns the variables of a container by name.
func envOf(c object) object {
	out := object{}
	for _, e := range list(c, "env") {
		if o, ok := e.(object); ok && len(o) == 2 {
			out[str(o, "name")] = o["value"]
		}
	}
	return out
}

// isShell reports whether a command runs a script.
func isShell(command, args []string) bool {
	if len(command) == 0 {
		return len(args) > 0 && args[0] == "-c"
	}
	base := path.Base(command[0])
	return (base == "sh" || base == "bash") && slices.Contains(slices.Concat(command[1:], args), "-c")
}

// extractEntrypoint reads the settings of a container with an entry point. It
// reports whether the container selects mappings in a way that settings express.
func (b reader) extractEntrypoint(s *release.JobSettings, c object) bool {
	command, args := words(c["command"]), words(c["args"])
	if len(command) == 0 || isShell(command, args) || len(args) != len(list(c, "args")) {
		return false
	}
	f := finder{}
	args = append([]string{}, args...)
	for i := range args {
		if b.selecting(args[:i], args[i]) {
			args[i] = f.find(args[i])
		}
	}
	env := maps.Clone(s.Env)
	if f.prefix == "" {
		for _, form := range b.repo.NamedBy() {
			if value := env[form.Env]; value != nil {
				text := f.find(*value)
				env[form.Env] = &text
			}
		}
	}
	if f.prefix == "" || f.failed {
		return false
	}
	s.Runner, s.Command, s.Prefix, s.Env, s.Args = release.RunnerEntrypoint, command, f.prefix, env, args
	b.leaveOutUsual(s)
	return true
}

// leaveOutUsual removes what selects the mappings in the usual way of the tree.
func (b reader) leaveOutUsual(s *release.JobSettings) {
	form := b.form()
	usual := mappingName + placeholder
	if form.Value == release.ValueGlob {
		usual += "*"
	}
	if form.Arg != "" {
		if len(s.Args) > 0 && s.Args[len(s.Args)-1] == form.Arg+"="+usual {
			s.Args = s.Args[:len(s.Args)-1]
		}
		return
	}
	if value := s.Env[form.Env]; value != nil && *value == usual {
		delete(s.Env, form.Env)
	}
}

// finder finds the prefix of mapping files in texts.
type finder struct {
	prefix string
	failed bool // a text has none, or another one
}

var mappingPattern = regexp.MustCompile(`(^|[=/])mapping_([A-Za-z0-9._-]+)(\*?)$`)

// find returns the text with the placeholder instead of the prefix.
func (f *finder) find(text string) string {
	m := mappingPattern.FindStringSubmatchIndex(text)
	if m == nil {
		f.failed = true
		return text
	}
	prefix := text[m[4]:m[5]]
	f.failed = f.failed || f.prefix != "" && f.prefix != prefix
	f.prefix = prefix
	return text[:m[4]] + placeholder + text[m[5]:]
}
