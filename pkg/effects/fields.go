package effects

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// rest compares the YAML of two jobs, without the fields for which reported
// returns true.
func rest(old, now *release.Job, reported func(path string) bool) []Field {
	a, b := flatten(old), flatten(now)
	var out []Field
	paths := slices.Clone(a.order)
	for _, path := range b.order {
		if _, ok := a.values[path]; !ok {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		before, after := a.values[path], b.values[path]
		if before == after || reported(path) || isKey(path, before) || isKey(path, after) {
			continue
		}
		if strings.HasSuffix(path, commandPath) {
			out = append(out, command(path, before, after)...)
			continue
		}
		out = append(out, Field{path, before, after, fieldWords(path, before, after)})
	}
	if a.full || b.full {
		out = append(out, Field{Name: "", Text: Words{Say("has more fields than this command compares")}})
	}
	return out
}

// key matches the value that identifies an item of a list.
var key = regexp.MustCompile(`\[([^\]]*)\]\.(name|mountPath)$`)

// isKey reports whether a value is only the key of its list item. The other
// fields of the item show the change.
func isKey(path, value string) bool {
	m := key.FindStringSubmatch(path)
	return m != nil && m[1] == value
}

// commandPath ends the path of a container's command and arguments together:
// moving a word from one to the other makes no difference.
const commandPath = ".command"

// leaves are the scalars of a job by their paths.
type leaves struct {
	values map[string]string
	order  []string
	full   bool // a limit was reached
}

// Limits for one job: more than any real job needs, and small enough for a file
// whose aliases refer to each other again and again.
const (
	maxLeaves = 3000
	maxDepth  = 40
)

func flatten(j *release.Job) *leaves {
	l := &leaves{values: map[string]string{}}
	l.walk("", j.Node, 0)
	return l
}

func (l *leaves) put(path, value string) {
	if len(l.order) >= maxLeaves {
		l.full = true
		return
	}
	if _, ok := l.values[path]; !ok {
		l.order = append(l.order, path)
	}
	l.values[path] = value
}

func (l *leaves) walk(path string, n *yaml.Node, depth int) {
	switch n = release.Resolve(n); {
	case n == nil:
	case depth > maxDepth || len(l.order) >= maxLeaves:
		l.full = true
	case n.Kind == yaml.MappingNode:
		l.mapping(path, n, depth)
	case n.Kind == yaml.SequenceNode:
		l.list(path, n, depth)
	case n.Tag != "!!null":
		l.put(path, n.Value)
	}
}

func (l *leaves) mapping(path string, n *yaml.Node, depth int) {
	var words []string
	for key, value := range release.Pairs(n) {
		below := key.Value
		if path != "" {
			below = path + "." + key.Value
		}
		switch {
		case key.Tag == "!!merge":
			l.walk(path, value, depth+1)
		case container.MatchString(path) && (key.Value == "command" || key.Value == "args"):
			args := scalars(value)
			if key.Value == "command" {
				words = append(args, words...)
			} else {
				words = append(words, args...)
			}
		default:
			l.walk(below, value, depth+1)
		}
	}
	if len(words) > 0 {
		l.put(path+commandPath, strings.Join(words, "\x00"))
	}
}

// container matches the path of a container.
var container = regexp.MustCompile(`^spec\.(initC|c)ontainers\[[^\]]*\]$`)

func scalars(n *yaml.Node) []string {
	var out []string
	for _, item := range release.Resolve(n).Content {
		out = append(out, release.Resolve(item).Value)
	}
	return out
}

// list walks a list. It identifies items by name where they have one, so that an
// inserted item does not make all later items look changed.
func (l *leaves) list(path string, n *yaml.Node, depth int) {
	seen := map[string]int{}
	for i, item := range n.Content {
		name := itemName(item)
		if name == "" {
			name = strconv.Itoa(i)
		}
		if seen[name]++; seen[name] > 1 {
			name += "#" + strconv.Itoa(seen[name])
		}
		l.walk(path+"["+name+"]", item, depth+1)
	}
}

// itemName returns what identifies an item of a list: the path of a mount, or the
// name.
func itemName(n *yaml.Node) string {
	return cmp.Or(release.Text(release.Child(n, "mountPath")), release.Text(release.Child(n, "name")))
}

var variable = regexp.MustCompile(`\.env\[([^\]]+)\]\.value$`)

// fieldWords describes the change of a field.
func fieldWords(path, before, after string) Words {
	if m := variable.FindStringSubmatch(path); m != nil {
		switch {
		case after == "":
			return Words{Say("no longer sets "), Code(m[1]), Say(", which was "), Code(before)}
		case before == "":
			return Words{Say("sets "), Code(m[1]), Say(" to "), Code(after)}
		}
		return Words{Say("sets "), Code(m[1]), Say(" to "), Code(after), Say(" instead of "), Code(before)}
	}
	switch {
	case strings.HasSuffix(path, ".image"):
		return instead("runs the image ", before, after)
	case path == "spec.serviceAccountName":
		return instead("runs as the service account ", before, after)
	case path == "spec.automountServiceAccountToken" && after == "true":
		return Words{Say("gets the token of its service account")}
	case path == "spec.automountServiceAccountToken" && before == "true":
		return Words{Say("no longer gets the token of its service account")}
	case path == "decoration_config.timeout" && before != "" && after != "":
		return Words{Say("is stopped after "), Code(after), Say(" instead of "), Code(before)}
	case before == "":
		return Words{Say("sets "), Code(path), Say(" to "), Code(after)}
	case after == "":
		return Words{Say("no longer sets "), Code(path), Say(", which was "), Code(before)}
	}
	return Words{Say("sets "), Code(path), Say(" to "), Code(after), Say(" instead of "), Code(before)}
}

// command describes the change of a container's command.
func command(path, before, after string) []Field {
	old, now := strings.Split(before, "\x00"), strings.Split(after, "\x00")
	field := func(text Words) Field {
		return Field{path, strings.Join(old, " "), strings.Join(now, " "), text}
	}
	if a, ok := loopOf(old); ok {
		if b, ok := loopOf(now); ok {
			var out []Field
			for _, text := range loopWords(a, b) {
				out = append(out, field(text))
			}
			return out
		}
	}
	return []Field{field(append(append(Words{Say("runs ")}, describe(now)...), append(Words{Say(" instead of ")}, describe(old)...)...))}
}

func loopOf(words []string) (release.Loop, bool) {
	if len(words) == 0 {
		return release.Loop{}, false
	}
	return release.ParseLoop(words[len(words)-1])
}

// describe describes a command in a few words.
func describe(words []string) Words {
	if _, ok := loopOf(words); ok {
		return Words{Say("the usual loop around oc image mirror")}
	}
	for _, w := range words {
		if strings.Contains(w, "\n") {
			return Words{Say("a script of " + text.Plural(strings.Count(strings.TrimSuffix(w, "\n"), "\n")+1, "line"))}
		}
	}
	if s := strings.Join(words, " "); s != "" {
		return Words{Code(s)}
	}
	return Words{Say("the command of its image")}
}

// loopWords describes the changes in the shell loop of a job. The files that it
// mirrors are reported as the mappings of the job.
func loopWords(a, b release.Loop) []Words {
	var out []Words
	say := func(differs bool, format string, args ...any) {
		if differs {
			out = append(out, Words{Say(fmt.Sprintf(format, args...))})
		}
	}
	yes := func(b bool, yes, no string) string {
		if b {
			return yes
		}
		return no
	}
	say(a.Attempts != b.Attempts, "tries each mapping file %d times instead of %d", b.Attempts, a.Attempts)
	say(a.ContinueOnError != b.ContinueOnError, "%s", yes(b.ContinueOnError, "continues with the other images of a file after a failure", "stops a file at the first image that fails"))
	say(a.KeepManifestList != b.KeepManifestList, "%s", yes(b.KeepManifestList, "copies multi-architecture images completely", "copies one architecture of multi-architecture images"))
	say(a.Login != b.Login, "logs in to the registry of its cluster: %s instead of %s", b.Login, a.Login)
	say(a.SkipEmpty != b.SkipEmpty, "%s", yes(b.SkipEmpty, "skips empty mapping files", "no longer skips empty mapping files"))
	say(a.MaxPerRegistry != b.MaxPerRegistry, "sends %d concurrent requests to a registry instead of %d", b.MaxPerRegistry, a.MaxPerRegistry)
	say(a.Verbosity != b.Verbosity, "logs at level %d instead of %d", b.Verbosity, a.Verbosity)
	say(a.Trace != b.Trace, "%s", yes(b.Trace, "prints each command of its script", "no longer prints each command of its script"))
	return out
}
