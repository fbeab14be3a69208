package jobgen

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// placeholder marks values in a template that come from the set's folder.
const placeholder = "FIXME"

// Template is the job that every set starts from.
type Template struct {
	file  string
	value object
	loop  release.Loop
	loops bool // whether the script is the known loop, so that settings can change it
}

// ParseTemplate reads a job template: one periodic with FIXME for values that come
// from the set. file is the name for problems. The error is a [Problems].
func ParseTemplate(file string, data []byte) (*Template, error) {
	fail := func(format string, args ...any) (*Template, error) {
		return nil, Problems{{Pos: source.Position{File: file}, Message: fmt.Sprintf(format, args...),
			Hint: "a template is one periodic, with FIXME for values that come from the set"}}
	}
	value, err := parseObject(data)
	if err != nil {
		return fail("the template is not valid YAML: %v", err)
	}
	t := &Template{file: file, value: value}
	if err := strict(value); err != nil {
		return fail("the template is not a job that Prow can read: %v", err)
	}
	if t.container(value) == nil {
		return fail("the template has no container")
	}
	if !strings.Contains(str(value, "name"), placeholder) {
		return fail("the template's name has no %s: all jobs would have the same name", placeholder)
	}
	t.loop, t.loops = release.ParseLoop(script(t.container(value)))
	return t, nil
}

// templateOf returns the given template, else the one in _mirror.yaml, else the
// built-in one.
func templateOf(tree *release.Tree, given *Template) (*Template, error) {
	if given != nil {
		return given, nil
	}
	file := tree.Settings.Template
	if file == "" {
		return ParseTemplate("template.yaml", release.BuiltInTemplate())
	}
	data, err := fs.ReadFile(tree.FS, file)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, Problems{{Pos: tree.Settings.At("template"), Message: fmt.Sprintf("the template %s cannot be read: %v", file, err)}}
	}
	return ParseTemplate(file, data)
}

// container returns the job's first container, which mirrors.
func (t *Template) container(job object) object {
	l := list(job, "spec", "containers")
	if len(l) == 0 {
		return nil
	}
	c, _ := l[0].(object)
	return c
}

// script returns the last argument of a container that runs a shell, or "".
func script(container object) string {
	args := list(container, "args")
	if len(args) == 0 {
		return ""
	}
	s, _ := args[len(args)-1].(string)
	return s
}

// pushVolume returns the name of the volume with the push credentials: the secret
// in the volume push, else the first.
func pushVolume(job object) (name string, secret object) {
	for _, v := range list(job, "spec", "volumes") {
		s, ok := at(v, "secret").(object)
		if ok && (secret == nil || str(v, "name") == "push") {
			name, secret = str(v, "name"), s
		}
	}
	return name, secret
}

// mounts returns a container's mounts of a volume.
func mounts(container object, volume string) []object {
	var out []object
	for _, m := range list(container, "volumeMounts") {
		if o, ok := m.(object); ok && str(o, "name") == volume {
			out = append(out, o)
		}
	}
	return out
}

// configVolumes returns the volumes that hold a ConfigMap.
func configVolumes(job object) map[string]object {
	out := map[string]object{}
	for _, v := range list(job, "spec", "volumes") {
		if c, ok := at(v, "configMap").(object); ok {
			out[str(v, "name")] = c
		}
	}
	return out
}
