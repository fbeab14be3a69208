package release

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Mappings lists the mapping files that a job names, and how it names them.
type Mappings struct {
	// Known reports whether all of them are known. A job that mounts the
	// mappings and names some or all of them in an unknown form may mirror any
	// of them.
	Known bool
	// Form is how the job names them.
	Form Form
	// From is the variable or argument that names them, if Form is FormEnv or
	// FormArgument.
	From *MappingsFrom
	// Globs are patterns of ConfigMap keys, such as "mapping_origin*".
	Globs []Glob

	unknown bool // some are named in an unknown form
}

// Form is a way in which a job names its mappings.
type Form string

// The forms.
const (
	FormNone     Form = ""         // it names no mapping files
	FormShell    Form = "shell"    // a shell script has paths below the mount path
	FormCommand  Form = "command"  // arguments are such paths, as for mirror run
	FormEnv      Form = "env"      // an environment variable of the container, for its entry point
	FormArgument Form = "argument" // an argument that the settings describe
	FormKey      Form = "key"      // one key of the ConfigMap is mounted as a file
)

// Glob is a pattern of mapping files, relative to the mount path.
type Glob struct {
	Pattern string
	Pos     source.Position
}

// naming finds the mappings that one container names. The container has to
// mount the ConfigMap.
type naming struct {
	jobReader
	mount string
	args  []*yaml.Node
	env   map[string]*yaml.Node // literal values
	names map[string]*yaml.Node // the names of the same variables

	out       Mappings
	elsewhere []Glob // patterns that an entry point looks for in another folder
}

// find searches the arguments that the settings describe, then paths below the
// mount path, and last the environment: a script with paths does not need a
// variable.
func (n *naming) find() {
	rest := n.taught()
	form := FormCommand
	if slices.ContainsFunc(n.args, func(a *yaml.Node) bool { return isShell(Text(a)) }) {
		form = FormShell
	}
	for _, arg := range rest {
		n.add(form, nil, n.below(arg)...)
	}
	if len(n.out.Globs) > 0 || n.out.unknown {
		return
	}
	for _, from := range n.settings.NamedBy() {
		if value := n.env[from.Env]; value != nil && (Text(value) != "" || n.entryPoint(from)) {
			n.value(FormEnv, from, Text(value), at(n.name, value))
		}
	}
}

// entryPoint reports whether the container runs exactly the entry point, without
// arguments, that looks for the value of a variable in a known folder. For it, an
// empty value is the prefix of all files.
func (n *naming) entryPoint(from MappingsFrom) bool {
	same := func(arg *yaml.Node, s string) bool { return Text(arg) == s }
	return from.Mount != "" && slices.EqualFunc(n.args, n.settings.Entrypoint.Command, same)
}

func (n *naming) add(form Form, from *MappingsFrom, globs ...Glob) {
	if len(globs) > 0 && n.out.Form == FormNone {
		n.out.Form, n.out.From = form, from
	}
	n.out.Globs = append(n.out.Globs, globs...)
}

// value adds the mappings that a variable or argument names.
func (n *naming) value(form Form, from MappingsFrom, value string, pos source.Position) {
	if !n.entryPoint(from) { // which prepends its folder to any value
		value = strings.TrimPrefix(value, n.mount+"/")
	}
	pattern, ok := expand(value, n.env)
	if !ok {
		n.out.unknown = true
		return
	}
	if from.Value == ValuePrefix {
		pattern += "*"
	}
	if from.Mount != n.mount && n.entryPoint(from) {
		n.elsewhere = append(n.elsewhere, Glob{Pattern: pattern, Pos: pos})
	}
	n.add(form, &from, Glob{Pattern: pattern, Pos: pos})
}

// taught reads the arguments that the settings describe and returns the others.
func (n *naming) taught() []*yaml.Node {
	var rest []*yaml.Node
next:
	for i := 0; i < len(n.args); i++ {
		arg := Text(n.args[i])
		for _, from := range n.settings.NamedBy() {
			if from.Arg == "" {
				continue
			}
			if value, ok := strings.CutPrefix(arg, from.Arg+"="); ok {
				n.value(FormArgument, from, value, Locate(n.name, n.data, n.args[i], len(from.Arg)+1))
				continue next
			}
			if arg == from.Arg && i+1 < len(n.args) {
				i++
				n.value(FormArgument, from, Text(n.args[i]), at(n.name, n.args[i]))
				continue next
			}
		}
		rest = append(rest, n.args[i])
	}
	return rest
}

// below finds the paths below the mount path in a script or argument, outside
// shell comments.
func (n *naming) below(arg *yaml.Node) []Glob {
	script := Text(arg)
	var out []Glob
	for offset := 0; ; {
		i := strings.Index(script[offset:], n.mount+"/")
		if i < 0 {
			return out
		}
		start := offset + i + len(n.mount) + 1
		offset = start + wordEnd(script[start:])
		pattern := script[start:offset]
		if pattern == "" || commented(script[:start]) {
			continue
		}
		expanded, ok := expand(pattern, n.env)
		if !ok {
			n.out.unknown = true
			continue
		}
		out = append(out, Glob{Pattern: expanded, Pos: Locate(n.name, n.data, arg, start-len(n.mount)-1)})
	}
}

// wordEnd returns the length of the path at the beginning of a script. A brace
// that was not opened in it belongs to the surrounding text.
func wordEnd(script string) int {
	open := 0
	for i, c := range script {
		switch {
		case c == '{':
			open++
		case c == '}' && open == 0, strings.ContainsRune(" \t\n\"';|&()<>`,\\", c):
			return i
		case c == '}':
			open--
		}
	}
	return len(script)
}

// expand puts the literal values of variables into a pattern. It fails where one
// is not known.
func expand(pattern string, env map[string]*yaml.Node) (string, bool) {
	var b strings.Builder
	for {
		head, tail, found := strings.Cut(pattern, "$")
		b.WriteString(head)
		if !found {
			return b.String(), !strings.ContainsAny(b.String(), "{}")
		}
		name, rest := variable(tail)
		value := Text(env[name])
		if name == "" || value == "" || strings.Contains(value, "$") {
			return "", false
		}
		b.WriteString(value)
		pattern = rest
	}
}

// variable takes the name of a variable from what follows a "$": NAME, {NAME},
// or (NAME) as Kubernetes writes it.
func variable(s string) (name, rest string) {
	for _, pair := range [...]string{"{}", "()"} {
		if inner, ok := strings.CutPrefix(s, pair[:1]); ok {
			name, rest, _ = strings.Cut(inner, pair[1:])
			return name, rest
		}
	}
	end := 0
	for end < len(s) && (s[end] == '_' || 'a' <= s[end] && s[end] <= 'z' || 'A' <= s[end] && s[end] <= 'Z' || end > 0 && '0' <= s[end] && s[end] <= '9') {
		end++
	}
	return s[:end], s[end:]
}

// isShell reports whether a command is a shell.
func isShell(command string) bool {
	switch path.Base(command) {
	case "sh", "bash", "dash", "zsh", "ksh", "ash":
		return true
	}
	return false
}

// commented reports whether the last line of a script's head is a comment.
func commented(head string) bool {
	line := head[strings.LastIndexByte(head, '\n')+1:]
	return strings.HasPrefix(strings.TrimSpace(line), "#")
}
