package mapping

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// maxLine is the longest line that oc reads, in bytes with its end: it scans
// with a buffer of 64 KiB.
const maxLine = 64 * 1024

// maxProblems limits the problems that are reported for one file.
const maxProblems = 1000

// Parse reads a mapping file. It always returns a file. A line that oc image
// mirror would refuse has the kind [Invalid] and a problem of severity
// [source.Error]. What oc would silently drop or misread is a problem too: an
// error if an image would not be mirrored, otherwise a warning. The number of
// problems is limited; the last one counts the others.
func Parse(name string, data []byte) *File {
	f := &File{Name: name}
	p := parser{file: f}
	p.lines(data)
	if problem, ok := notText(name, data); ok {
		for i := range f.Lines {
			f.Lines[i].Kind = Invalid
		}
		f.Problems = append(f.Problems, problem)
		return f
	}
	mapped := false
	for i := range f.Lines {
		p.line(&f.Lines[i])
		mapped = mapped || f.Lines[i].Kind != Blank && f.Lines[i].Kind != Comment
	}
	if p.more > 0 {
		f.Problems = append(f.Problems, source.Problem{
			Pos: p.from, Message: fmt.Sprintf("there are %d more problems from here on", p.more), Hint: "correct those above first",
		})
	}
	if !mapped {
		f.Problems = append(f.Problems, source.Problem{
			Pos:     source.Position{File: name},
			Message: "the file maps nothing, and oc image mirror fails on a file without a mapping",
			Hint:    "add a line SRC DST, or remove the file",
		})
	}
	return f
}

// notText returns the reason why a file is not text. It is one problem, instead
// of one for each line.
func notText(name string, data []byte) (source.Problem, bool) {
	problem := source.Problem{Pos: source.Position{File: name}, Hint: "save the file as plain UTF-8 text"}
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		problem.Message = "the file is UTF-16, which oc image mirror cannot read"
		return problem, true
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		head := data[:i]
		start := bytes.LastIndexByte(head, '\n') + 1
		problem.Pos.Line = bytes.Count(head, []byte{'\n'}) + 1
		problem.Pos.Column = utf8.RuneCount(head[start:]) + 1
		problem.Message = "the file is not text: it holds a NUL byte"
		return problem, true
	}
	return source.Problem{}, false
}

type parser struct {
	file *File
	last place           // result of the last call of at
	more int             // number of problems over the limit
	from source.Position // the first of them
}

// place is a byte offset in a line and the code points before it.
type place struct{ line, offset, points int }

// lines cuts the data into lines; nothing is lost.
func (p *parser) lines(data []byte) {
	text := string(data)
	p.file.Lines = make([]Line, 0, strings.Count(text, "\n")+1)
	for n := 1; text != ""; n++ {
		l := Line{Number: n, Offset: len(data) - len(text), Text: text}
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			l.Text, l.End, text = text[:i], "\n", text[i+1:]
		} else {
			text = ""
		}
		p.file.Lines = append(p.file.Lines, l)
	}
}

func (p *parser) problem(l *Line, offset int, severity source.Severity, hint, format string, args ...any) {
	if len(p.file.Problems) >= maxProblems {
		if p.more++; p.more == 1 {
			p.from = p.at(l, offset)
		}
		return
	}
	p.file.Problems = append(p.file.Problems, source.Problem{
		Pos: p.at(l, offset), Severity: severity, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}

// refuse makes the line invalid and reports the reason.
func (p *parser) refuse(l *Line, offset int, hint, format string, args ...any) {
	l.Kind, l.Entries = Invalid, nil
	p.problem(l, offset, source.Error, hint, format, args...)
}

// at returns the position of a byte offset in the line. It counts from the last
// offset, so that a line of thousands of references is counted once.
func (p *parser) at(l *Line, offset int) source.Position {
	if p.last.line != l.Number || offset < p.last.offset {
		p.last = place{line: l.Number}
	}
	p.last.points += utf8.RuneCountInString(l.Text[p.last.offset:offset])
	p.last.offset = offset
	return source.Position{File: p.file.Name, Line: l.Number, Column: p.last.points + 1}
}

// word is one argument of a line with its byte offset.
type word struct {
	text   string
	offset int
}

func (p *parser) line(l *Line) {
	if len(l.Text)+len(l.End) > maxLine {
		p.refuse(l, 0, "split the line: a source can be on several lines with different destinations",
			"the line has %d bytes, and oc image mirror reads at most %d", len(l.Text), maxLine-len(l.End))
		return
	}
	body, comment := l.Text, -1
	if comment = strings.IndexByte(body, '#'); comment >= 0 {
		body = body[:comment]
	}
	trimmed := strings.TrimSpace(body)
	if trimmed == "" {
		if comment >= 0 {
			l.Kind = Comment
		}
		return
	}
	if comment > 0 && !isSpaceBefore(body) {
		p.problem(l, comment, source.Warning, "put a blank before the # of a comment",
			"the # ends the reference in the middle of a word, and the rest is a comment")
	}
	if conflictMarker(l.Text) {
		p.refuse(l, 0, "resolve the conflict", "the line is a marker of a merge conflict")
		return
	}
	start := len(body) - len(strings.TrimLeftFunc(body, unicode.IsSpace))
	l.Kind = Mapped
	p.words(l, splitWords(trimmed, start))
}

// words reads the words of a line: SRC=DST... if one of them contains "=", else
// SRC DST [DST...].
func (p *parser) words(l *Line, words []word) {
	if slices.ContainsFunc(words, func(w word) bool { return strings.Contains(w.text, "=") }) {
		p.pairs(l, words)
	} else {
		p.list(l, words)
	}
}

// conflictMarker reports whether a line is a conflict marker of git.
func conflictMarker(line string) bool {
	for _, mark := range [...]string{"<<<<<<<", "|||||||", "=======", ">>>>>>>"} {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			return rest == "" || rest[0] == ' ' || rest[0] == '\r'
		}
	}
	return false
}

func isSpaceBefore(body string) bool {
	r, _ := utf8.DecodeLastRuneInString(body)
	return unicode.IsSpace(r)
}

// splitWords splits at single blanks, as oc does, and drops the empty words
// between two blanks, which oc skips.
func splitWords(s string, offset int) []word {
	words := make([]word, 0, 4)
	for text := range strings.SplitSeq(s, " ") {
		if text != "" {
			words = append(words, word{text, offset})
		}
		offset += len(text) + 1
	}
	return words
}

// list reads SRC DST [DST...].
func (p *parser) list(l *Line, words []word) {
	if w := words[0]; len(words) == 1 {
		if tab := strings.IndexFunc(w.text, unicode.IsSpace); tab >= 0 {
			p.refuse(l, w.offset+tab, "separate source and destination with a blank",
				"%s is not a separator: oc image mirror splits a line at blanks only", describeSpace(w.text[tab:]))
			return
		}
		p.refuse(l, w.offset, "write SRC DST [DST...]", "a source without a destination: %s", quote(w.text))
		return
	}
	entry := Entry{Destinations: make([]Reference, 0, len(words)-1)}
	ok := p.reference(l, words[0], true, &entry.Source)
	for _, w := range words[1:] {
		if at := joinedAt(words[0].text, w.text); at > 0 && p.joined(l, w, at, entry.Source.Wildcard()) {
			return // the words that follow are those of the other line
		}
		ok = p.destination(l, w, &entry) && ok
	}
	if ok {
		l.Entries = []Entry{entry}
	}
}

// pairs reads SRC=DST arguments. oc ignores words without "=".
func (p *parser) pairs(l *Line, words []word) {
	entries, ok := make([]Entry, 0, len(words)), true
	var ignored []word
	for _, w := range words {
		src, dst, isPair := strings.Cut(w.text, "=")
		if !isPair {
			ignored = append(ignored, w)
			continue
		}
		if src == "" || dst == "" {
			p.refuse(l, w.offset, "write SRC=DST without blanks around the =", "%s is not SRC=DST: one side is empty", quote(w.text))
			ok = false
			continue
		}
		entry := Entry{}
		good := p.reference(l, word{src, w.offset}, true, &entry.Source)
		good = p.destination(l, word{dst, w.offset + len(src) + 1}, &entry) && good
		ok = ok && good
		entries = append(entries, entry)
	}
	if !ok { // the "=" may be what is wrong
		return
	}
	l.Entries = entries
	for _, w := range ignored {
		p.problem(l, w.offset, source.Error, "put it on a line of its own, or write SRC=DST",
			"%s is ignored: beside SRC=DST, oc image mirror drops every other word of the line", quote(w.text))
	}
}

// destination reads one destination of an entry whose source was read.
func (p *parser) destination(l *Line, w word, e *Entry) bool {
	var dst Reference
	if !p.reference(l, w, false, &dst) {
		return false
	}
	if e.Source.Text == "" { // reported already
		return false
	}
	wild := e.Source.Wildcard()
	switch {
	case dst.Scheme != "" || e.Source.Scheme != "": // file and s3 references have no parts to compare
	case dst.Digest != "":
		p.refuse(l, w.offset, "leave the digest out: the destination gets the digest of its source",
			"a destination cannot have a digest: %s", quote(w.text))
		return false
	case wild && dst.Tag != "":
		p.refuse(l, w.offset, "leave the tag out: each tag keeps its name",
			"the source matches several tags, so the destination must be a repository without a tag: %s", quote(w.text))
		return false
	case same(e.Source, dst):
		p.refuse(l, w.offset, "name another repository or tag", "source and destination are the same image: %s", quote(w.text))
		return false
	}
	e.Destinations = append(e.Destinations, dst)
	return true
}

// same compares after docker.io, library and tag inheritance.
func same(src, dst Reference) bool {
	if src.Digest != "" || src.Host() != dst.Host() || src.Path() != dst.Path() {
		return false
	}
	return dst.Tag == "" || dst.Tag == src.Tag
}
