package mapgen

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Bump adds the streams of a version to a configuration, as after branching: one
// for each family of streams that has one of the previous version. 4.20 is of one
// family, scos-4.20 of another.
//
// A new stream gets the tags of the previous stream, with the new version in
// them. Tags without a version, such as latest, move to it. An existing stream
// only gets the latter. The rest of the text does not change.
//
// Errors about the file are a [source.Problem].
func Bump(config *release.MappingConfig, version string) ([]byte, error) {
	if _, ok := parseVersion(version); !ok {
		return nil, fmt.Errorf("%q is not a version: write MAJOR.MINOR, such as 4.21", version)
	}
	if hasError(config.Problems) {
		return nil, config.Problems[slices.IndexFunc(config.Problems, func(p source.Problem) bool { return p.Severity == source.Error })]
	}
	all, err := steps(config, version)
	if err != nil {
		return nil, err
	}
	e := &editor{lines: strings.SplitAfter(string(config.Text), "\n")}
	want := tagsByStream(config)
	for _, s := range all {
		if len(s.own) == 0 && s.existing == nil {
			return nil, source.Problem{Pos: s.last.Pos, Message: fmt.Sprintf("no tag of the stream %s contains its version, so the tags of %s are unknown", s.last.Name, s.name),
				Hint: "add the stream by hand"}
		}
		s.edit(e)
		s.expect(want)
	}
	text := []byte(e.text())
	return text, verify(config, text, all, want)
}

// family is the streams whose names differ by the version only.
type family struct {
	before, after string // the name around the version
	streams       []release.MappedStream
}

func (f family) version(s release.MappedStream) string {
	return strings.TrimSuffix(strings.TrimPrefix(s.Name, f.before), f.after)
}

// families returns the streams with a version in their names, in the order of the
// file.
func families(config *release.MappingConfig) []family {
	var all []family
	for _, s := range config.Streams {
		m := streamForm.FindStringSubmatch(s.Name)
		if m == nil {
			continue
		}
		at := slices.IndexFunc(all, func(f family) bool { return f.before == m[1] && f.after == m[3] })
		if at < 0 {
			at = len(all)
			all = append(all, family{before: m[1], after: m[3]})
		}
		all[at].streams = append(all[at].streams, s)
	}
	return all
}

// step is what a new version changes in a family.
type step struct {
	name            string // of the stream of the new version
	version         string
	last            release.MappedStream // the stream of the previous version
	previous        string               // that version; "" without one
	existing, newer *release.MappedStream
	own             []release.TargetTag // the tags of last that contain its version
	floating        []release.TargetTag // the tags of all streams that do not contain theirs
}

// steps returns the changes of the families that have a stream of the previous
// version: the one before the new version among the streams that are named by a
// version alone or, without such streams, among all. A family that ended before
// it stays as it is, and so does one beside those streams whose tags do not
// contain their version.
func steps(config *release.MappingConfig, version string) ([]step, error) {
	var all []step
	previous, plain := "", false
	for _, f := range families(config) {
		s := f.step(version)
		all = append(all, s)
		if s.name == version {
			previous, plain = s.previous, true
		} else if !plain && compareVersions(s.previous, previous) > 0 {
			previous = s.previous
		}
	}
	all = slices.DeleteFunc(all, func(s step) bool {
		return s.previous != previous || plain && s.name != version && s.existing == nil && len(s.own) == 0
	})
	for _, s := range all {
		if s.newer != nil {
			return nil, source.Problem{Pos: s.newer.Pos, Message: fmt.Sprintf("the stream %s already exists, and is newer than %s", s.newer.Name, s.name),
				Hint: "name the current version of the main branches"}
		}
	}
	if previous == "" {
		return nil, source.Problem{Pos: source.Position{File: config.Path}, Message: "the file has no stream with a version before " + version, Hint: "add the stream by hand"}
	}
	return all, nil
}

func (f family) step(version string) step {
	s := step{name: f.before + version + f.after, version: version}
	for i, stream := range f.streams {
		v := f.version(stream)
		switch order := compareVersions(v, version); {
		case order == 0:
			s.existing = &f.streams[i]
		case order > 0 && s.newer == nil:
			s.newer = &f.streams[i]
		case order < 0 && compareVersions(v, s.previous) > 0:
			s.last, s.previous = stream, v
		}
	}
	for _, stream := range f.streams {
		for _, t := range stream.Tags {
			if !strings.Contains(t.Tag, f.version(stream)) {
				s.floating = append(s.floating, t)
			} else if stream.Name == s.last.Name {
				s.own = append(s.own, t)
			}
		}
	}
	return s
}

// edit makes the change in the text.
func (s step) edit(e *editor) {
	if s.existing != nil {
		e.extend(*s.existing, s.floating)
	} else {
		e.add(s)
	}
	for _, t := range s.floating {
		if s.existing == nil || !slices.Contains(s.existing.Tags, t) {
			e.drop(t)
		}
	}
}

// newTags returns the tags of the new stream that contain its version.
func (s step) newTags() []string {
	var tags []string
	for _, t := range s.own {
		tags = append(tags, strings.ReplaceAll(t.Tag, s.previous, s.version))
	}
	return tags
}

// expect makes the change in the expected tags.
func (s step) expect(want map[string][]string) {
	for stream, tags := range want {
		if f := streamForm.FindStringSubmatch(stream); f != nil && stream != s.name && f[1]+s.version+f[3] == s.name {
			want[stream] = slices.DeleteFunc(tags, func(tag string) bool { return !strings.Contains(tag, f[2]) })
		}
	}
	if s.existing == nil {
		want[s.name] = s.newTags()
	}
	for _, t := range s.floating {
		if !slices.Contains(want[s.name], t.Tag) {
			want[s.name] = append(want[s.name], t.Tag)
		}
	}
}

func tagsByStream(config *release.MappingConfig) map[string][]string {
	all := map[string][]string{}
	for _, s := range config.Streams {
		for _, t := range s.Tags {
			all[s.Name] = append(all[s.Name], t.Tag)
		}
	}
	return all
}

var (
	versionForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)
	streamForm  = regexp.MustCompile(`^(|.*-)((?:0|[1-9][0-9]{0,5})\.(?:0|[1-9][0-9]{0,5}))(|-.*)$`)
)

type number struct{ major, minor int }

func parseVersion(s string) (number, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return number{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return number{major, minor}, true
}

// compareVersions compares two versions; "" is the lowest.
func compareVersions(a, b string) int {
	v, given := parseVersion(a)
	w, other := parseVersion(b)
	if !given || !other {
		return cmp.Compare(len(a), len(b))
	}
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor))
}

// editor changes lines of a configuration whose lists have an item on each line.
type editor struct {
	lines   []string
	dropped []int            // indices of lines
	after   map[int][]string // lines to insert after an index
}

func (e *editor) insert(index int, lines ...string) {
	if e.after == nil {
		e.after = map[int][]string{}
	}
	e.after[index] = append(e.after[index], lines...)
}

// item returns the line of a tag with another text instead of the tag.
func (e *editor) item(t release.TargetTag, text string) string {
	line := e.lines[t.Node.Line-1]
	i := strings.Index(line, "- ")
	if i < 0 || strings.TrimSpace(line[:i]) != "" { // verify rejects the result
		return ""
	}
	return line[:i] + "- " + quote(t.Node, text) + "\n"
}

// quote formats a text in the style of a node, or with quotes if YAML would read
// it as a number.
func quote(n *yaml.Node, text string) string {
	switch {
	case n.Style&yaml.SingleQuotedStyle != 0:
		return "'" + text + "'"
	case n.Style&yaml.DoubleQuotedStyle != 0 || text[0] >= '0' && text[0] <= '9':
		return `"` + text + `"`
	}
	return text
}

// add inserts the new stream after the previous one.
func (e *editor) add(s step) {
	line := e.lines[s.last.Node.Line-1]
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	lines := []string{indent + quote(s.last.Node, s.name) + ":\n"}
	for i, tag := range s.newTags() {
		lines = append(lines, e.item(s.own[i], tag))
	}
	for _, t := range s.floating {
		lines = append(lines, e.item(t, t.Tag))
	}
	e.insert(s.last.Tags[len(s.last.Tags)-1].Node.Line-1, lines...)
}

// extend adds tags to a stream.
func (e *editor) extend(s release.MappedStream, tags []release.TargetTag) {
	if len(s.Tags) == 0 {
		return
	}
	last := s.Tags[len(s.Tags)-1]
	for _, t := range tags {
		if !slices.ContainsFunc(s.Tags, func(o release.TargetTag) bool { return o.Tag == t.Tag }) {
			like := last
			like.Node = &yaml.Node{Line: last.Node.Line, Style: t.Node.Style}
			e.insert(last.Node.Line-1, e.item(like, t.Tag))
		}
	}
}

func (e *editor) drop(t release.TargetTag) { e.dropped = append(e.dropped, t.Node.Line-1) }

func (e *editor) text() string {
	var b strings.Builder
	for i, line := range e.lines {
		if !slices.Contains(e.dropped, i) {
			b.WriteString(line)
		}
		if len(e.after[i]) > 0 && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
			b.WriteByte('\n')
		}
		for _, l := range e.after[i] {
			b.WriteString(l)
		}
	}
	return b.String()
}

// verify parses the new text and compares it with the expected tags, so that a
// format that the editor does not know is rejected and not damaged.
func verify(old *release.MappingConfig, text []byte, all []step, want map[string][]string) error {
	parsed := release.ParseMappingConfig(old.Path, text)
	got := tagsByStream(parsed)
	if len(parsed.Problems) == 0 && maps.EqualFunc(got, want, slices.Equal[[]string]) {
		return nil
	}
	at := slices.IndexFunc(all, func(s step) bool { return !slices.Equal(got[s.name], want[s.name]) })
	return source.Problem{Pos: all[max(at, 0)].last.Pos, Message: "the list of streams has a format that cannot be edited", Hint: "write each stream and each tag on a line of its own"}
}
