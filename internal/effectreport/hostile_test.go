package effectreport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// hostile are names that try to become markup, mentions or commands.
var hostile = []string{
	"a\n/lgtm", "a\r\n/approve", "\n\n# A heading", "`</details><b>x", "``` \n```", "a`b``c```d", "<script>alert(1)</script>",
	"@everyone please", "[x](https://evil.invalid)", "![x](https://evil.invalid/p.png)", "<!-- mirror-jobgen diff -->", "a | b | c",
	"\u202egpj.exe", "\x1b[2J", "a\u2028/lgtm", "&lt;b&gt;", "https://evil.invalid", "  - item", "**bold**", "`", "", " ", "\\`x",
	"javascript:alert(1)", "{{.}}", "\x00", "\xff\xfe", strings.Repeat("x", 5000), strings.Repeat("`", 400),
}

// strange is an effect in which every text that can come from a tree is s.
func strange(s string) Change {
	w := []effects.Writer{{Place: effects.Place{File: s, Line: 3}, Set: s, Source: s, Pattern: s, Jobs: []effects.Run{{Job: s, Schedule: s}}}}
	e := &effects.Effect{
		ConfigMap: &effects.ConfigMap{Name: s, Before: 1, After: 2, Limit: 1, Added: []string{s}, Gone: []string{s}},
		Broken:    []effects.Broken{{Place: w[0].Place, Set: s, Message: s}},
		Unknown:   []effects.Unknown{{Place: w[0].Place, What: s, Why: s}},
		Jobs: []effects.Job{{Place: w[0].Place, Name: s, Set: s, Change: effects.JobChanged, Fields: []effects.Field{
			{Name: s, Text: append(effects.Words{effects.Say("runs ")}, effects.Schedule(s)...)},
			{Name: s, Text: effects.Words{effects.Code(s), effects.Say(" is "), effects.Code(s)}},
		}}, {Place: w[0].Place, Name: s, Change: effects.JobAdded, Fields: []effects.Field{{Text: effects.Words{effects.Code(s)}}}}},
	}
	for _, c := range effects.Changes() {
		e.Destinations = append(e.Destinations, effects.Destination{Name: s, Change: c, Set: s, Before: w, After: w, Tags: []string{s}})
		e.Destinations = append(e.Destinations, effects.Destination{Name: s + "*", Change: c, Set: s, Before: w, After: w, SameTag: c == effects.Source, Tags: []string{s}})
	}
	for _, k := range []effects.AccessKind{effects.Push, effects.Reads, effects.Writes} {
		e.Access = append(e.Access, effects.Access{Place: w[0].Place, Set: s, Kind: k, What: s, Secret: s}, effects.Access{Set: s, Kind: k, What: s, Secret: s, Lost: true})
	}
	for _, k := range []effects.ConsequenceKind{effects.Onward, effects.Unpublished, effects.Unfilled, effects.Pattern} {
		e.Elsewhere = append(e.Elsewhere, effects.Consequence{Kind: k, Set: s, Items: []effects.Item{{Place: w[0].Place, Image: s, Text: effects.Words{effects.Code(s)}, Promoted: s}}})
	}
	plan := &mirror.Report{Summary: map[mirror.Outcome]int{}}
	for _, o := range []mirror.Outcome{mirror.Planned, mirror.Unchanged, mirror.Missing, mirror.Failed, mirror.Protected} {
		plan.Entries = append(plan.Entries, mirror.Entry{File: s, Line: 1, Source: s, Destination: s, Outcome: o, Digest: s, Previous: s, Error: s, Size: 1 << 30, Details: []string{s}})
		plan.Summary[o]++
	}
	return Change{e, s, s, plan, []Note{{w[0].Place, effects.Words{effects.Say("generate changes "), effects.Code(s)}}}}
}

// ours are the lines that a comment consists of, with "C" for a span of code.
var ours = regexp.MustCompile(`^(<!-- mirror-jobgen diff -->|\*\*Image mirroring:\*\* [a-z0-9 ,;]*\.|<details( open)?><summary><b>[A-Za-z ]*</b> \([0-9,]*\)(: [A-Za-z0-9 ,;:.']*)?</summary>|</details>| *- [A-Za-z0-9 ,;:%.()]*|)$`)

// code finds the spans of code as CommonMark does: a row of backticks up to the
// next one of the same length.
func withoutCode(line string) string {
	var out strings.Builder
	for line != "" {
		i := strings.IndexByte(line, '`')
		if i < 0 {
			break
		}
		out.WriteString(line[:i])
		n := len(line[i:]) - len(strings.TrimLeft(line[i:], "`"))
		fence, rest := line[i:i+n], line[i+n:]
		end := -1
		for at := 0; at < len(rest); {
			j := strings.IndexByte(rest[at:], '`')
			if j < 0 {
				break
			}
			j += at
			m := len(rest[j:]) - len(strings.TrimLeft(rest[j:], "`"))
			if m == n {
				end = j
				break
			}
			at = j + m
		}
		if end < 0 {
			return out.String() + fence + rest // the backticks stay as they are
		}
		out.WriteString("C")
		line = rest[end+n:]
	}
	return out.String() + line
}

func TestMarkdownIsOurs(t *testing.T) {
	for _, s := range hostile {
		var b bytes.Buffer
		if err := Markdown(&b, strange(s)); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(b.Bytes()) {
			t.Errorf("%q: no valid UTF-8", s)
		}
		for i, line := range strings.Split(b.String(), "\n") {
			if !ours.MatchString(withoutCode(line)) {
				t.Errorf("%q: line %d is not ours: %q", s, i+1, line)
			}
		}
	}
}

func TestTextHasNoControls(t *testing.T) {
	for _, s := range hostile {
		var b bytes.Buffer
		if err := Text(&b, strange(s)); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if strings.ContainsAny(line, "\x1b\x00\r\u202e\u2028") || strings.HasPrefix(line, "/") {
				t.Errorf("%q: %q", s, line)
			}
		}
	}
}

func TestJSONReadsBack(t *testing.T) {
	for _, s := range hostile {
		var b bytes.Buffer
		if err := JSON(&b, strange(s)); err != nil {
			t.Fatal(err)
		}
		var back struct {
			Version      int
			Destinations []struct{ Destination string }
		}
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Version != 1 {
			t.Errorf("%q: %v", s, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); utf8.ValidString(s) && back.Destinations[0].Destination != want {
			t.Errorf("%q came back as %q", s, back.Destinations[0].Destination)
		}
	}
}

// TestCommentFits renders effects that are longer than GitHub's limit.
func TestCommentFits(t *testing.T) {
	for _, name := range []string{"quay.io/org/image", strings.Repeat("`ä", 600), strings.Repeat("quay.io/org/", 40)} {
		e := &effects.Effect{}
		for i := range 4000 {
			set := fmt.Sprintf("%s-%d", name, i%700)
			w := []effects.Writer{{Place: effects.Place{File: set, Line: i}, Set: set, Source: fmt.Sprintf("%s:%d", name, i)}}
			for _, c := range effects.Changes() {
				e.Destinations = append(e.Destinations, effects.Destination{Name: fmt.Sprintf("%s:%d", name, i), Change: c, Set: set, Before: w, After: w})
			}
			e.Access = append(e.Access, effects.Access{Set: set, Kind: effects.Push, What: name, Secret: name})
			e.Jobs = append(e.Jobs, effects.Job{Name: set, Change: effects.JobRemoved})
		}
		var b bytes.Buffer
		if err := Markdown(&b, Change{Effect: e}); err != nil {
			t.Fatal(err)
		}
		if n := utf8.RuneCount(b.Bytes()); n >= 65_536 {
			t.Errorf("%.20s: the comment has %d characters", name, n)
		}
		if !strings.Contains(b.String(), "4,000 destinations are gone") || !strings.Contains(b.String(), " more\n") {
			t.Errorf("%.20s: the comment lacks the total: %.300s", name, b.String())
		}
	}
}
