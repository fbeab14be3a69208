package mapgen

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Bump adds the stream of a version to a configuration, as after branching. The
// stream gets the tags of the previous stream, with the new version in them. Tags
// without a version, such as latest, move to it. An existing stream only gets
// the latter. The rest of the text does not change.
//
// Errors about the file are a [source.Problem].
func Bump(config *release.MappingConfig, version string) ([]byte, error) {
	if _, ok := parseVersion(version); !ok {
		return nil, fmt.Errorf("%q is not a version: write MAJOR.MINOR, such as 4.21", version)
	}
	if hasError(config.Problems) {
		return nil, config.Problems[slices.IndexFunc(config.Problems, func(p source.Problem) bool { return p.Severity == source.Error })]
	}
	last, err := before(config, version)
	if err != nil {
		return nil, err
	}
	own, floating := moving(config, last)
	if len(own) == 0 {
		return nil, source.Problem{Pos: last.Pos, Message: fmt.Sprintf("no tag of the stream %s contains its version, so the tags of %s are unknown", last.Name, version),
			Hint: "add the stream by hand"}
	}
	e := &editor{lines: strings.SplitAfter(string(config.Text), "\n")}
	at := slices.IndexFunc(config.Streams, func(s release.MappedStream) bool { return s.Name == version })
	if at >= 0 {
		e.extend(config.Streams[at], floating)
	} else {
		e.add(last, version, own, floating)
	}
	for _, t := range floating {
		if at < 0 || !slices.Contains(config.Streams[at].Tags, t) {
			e.drop(t)
		}
	}
	text := []byte(e.text())
	return text, verify(config, text, last, version, own)
}

// before finds the previous stream: the highest one below the new version.
func before(config *release.MappingConfig, version string) (release.MappedStream, error) {
	want, _ := parseVersion(version)
	var last release.MappedStream
	var highest number
	for _, s := range config.Streams {
		v, ok := parseVersion(s.Name)
		if !ok || v.compare(want) == 0 {
			continue
		}
		if v.compare(want) > 0 {
			return last, source.Problem{Pos: s.Pos, Message: fmt.Sprintf("the stream %s already exists, and is newer than %s", s.Name, version),
				Hint: "name the current version of the main branches"}
		}
		if last.Node == nil || v.compare(highest) > 0 {
			last, highest = s, v
		}
	}
	if last.Node == nil {
		return last, source.Problem{Pos: source.Position{File: config.Path}, Message: "the file has no stream with a version before " + version, Hint: "add the stream by hand"}
	}
	return last, nil
}

// moving returns the tags of the last stream that contain its version, and the
// tags of all version streams that do not contain one.
func moving(config *release.MappingConfig, last release.MappedStream) (own, floating []release.TargetTag) {
	for _, s := range config.Streams {
		if _, ok := parseVersion(s.Name); !ok {
			continue
		}
		for _, t := range s.Tags {
			if !strings.Contains(t.Tag, s.Name) {
				floating = append(floating, t)
			} else if s.Name == last.Name {
				own = append(own, t)
			}
		}
	}
	return own, floating
}

type number struct{ major, minor int }

func (v number) compare(w number) int {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor))
}

var versionForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)

func parseVersion(s string) (number, bool) {
	m := versionForm.FindStringSubmatch(s)
	if m == nil {
		return number{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return number{major, minor}, true
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
func (e *editor) add(last release.MappedStream, version string, own, floating []release.TargetTag) {
	line := e.lines[last.Node.Line-1]
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	lines := []string{indent + quote(last.Node, version) + ":\n"}
	for _, t := range own {
		lines = append(lines, e.item(t, strings.ReplaceAll(t.Tag, last.Name, version)))
	}
	for _, t := range floating {
		lines = append(lines, e.item(t, t.Tag))
	}
	e.insert(last.Tags[len(last.Tags)-1].Node.Line-1, lines...)
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

// verify parses the new text and compares it with the expected streams, so that a
// format that the editor does not know is rejected and not damaged.
func verify(old *release.MappingConfig, text []byte, last release.MappedStream, version string, own []release.TargetTag) error {
	want := map[string][]string{}
	for _, s := range old.Streams {
		_, isVersion := parseVersion(s.Name)
		for _, t := range s.Tags {
			if !isVersion || s.Name == version || strings.Contains(t.Tag, s.Name) {
				want[s.Name] = append(want[s.Name], t.Tag)
			}
		}
	}
	if want[version] == nil {
		for _, t := range own {
			want[version] = append(want[version], strings.ReplaceAll(t.Tag, last.Name, version))
		}
	}
	_, floating := moving(old, last)
	for _, t := range floating {
		if !slices.Contains(want[version], t.Tag) {
			want[version] = append(want[version], t.Tag)
		}
	}
	got := release.ParseMappingConfig(old.Path, text)
	same := len(got.Problems) == 0 && len(got.Streams) == len(want)
	for _, s := range got.Streams {
		var tags []string
		for _, t := range s.Tags {
			tags = append(tags, t.Tag)
		}
		same = same && slices.Equal(tags, want[s.Name])
	}
	if !same {
		return source.Problem{Pos: last.Pos, Message: "the list of streams has a format that cannot be edited", Hint: "write each stream and each tag on a line of its own"}
	}
	return nil
}
