package mapping

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// joinedAt returns where in a destination the source of another line begins, because
// the line before it had no newline at its end; 0 without one. The other line is
// recognized by the registry that the first word of this one has.
func joinedAt(first, destination string) int {
	registry, _, ok := strings.Cut(first, "/")
	if !ok || !isDomain(registry) {
		return 0
	}
	i := strings.LastIndex(destination, registry+"/")
	if i <= 0 || !strings.Contains(destination[:i], "/") || !isAlnum(destination[i-1]) {
		return 0 // another registry whose name ends in the same way, or a path that repeats it
	}
	return i
}

// joined reports two lines that are one from a byte of a word on, and returns whether oc
// refuses them. Where oc reads an image, the name may be meant, so that is a warning.
func (p *parser) joined(l *Line, w word, at int, wild bool) (refused bool) {
	registry, _, _ := strings.Cut(w.text[at:], "/")
	const message = "%s is the end of one line and the beginning of another"
	hint := "start a new line before " + registry + ": the line had no newline at its end when the next one was added"
	if _, _, tag, _, problem := split(w.text); problem == "" && !(wild && tag != "") {
		p.problem(l, w.offset+at, source.Warning, hint, message, quote(w.text))
		return false
	}
	p.refuse(l, w.offset+at, hint, message, quote(w.text))
	return true
}
