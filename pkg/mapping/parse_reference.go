package mapping

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reference reads one reference into ref.
func (p *parser) reference(l *Line, w word, isSource bool, ref *Reference) bool {
	for _, scheme := range [...]string{"file", "s3"} {
		if strings.HasPrefix(w.text, scheme+"://") {
			*ref = Reference{Pos: p.at(l, w.offset), Text: w.text, Scheme: scheme}
			return true
		}
	}
	text, tag := w.text, ""
	if strings.Contains(text, "*") {
		var ok bool
		if text, tag, ok = p.wildcard(l, w, isSource); !ok {
			return false
		}
	}
	registry, repository, plain, digest, problem := split(text)
	switch {
	case problem != "" || tag == "":
	case digest != "":
		p.refuse(l, w.offset, "leave out the digest or the wildcard", "%s has a digest and a wildcard: a digest names one image", quote(w.text))
		return false
	case plain != "":
		p.refuse(l, w.offset, "write one tag, in which * matches any text", "%s has a tag and a wildcard", quote(w.text))
		return false
	}
	if problem != "" {
		offset, hint := explain(w.text, problem)
		p.refuse(l, w.offset+offset, hint, "%s is not a valid image reference: %s", quote(w.text), problem)
		return false
	}
	if registry == "" && looksLikeRegistry(repository) {
		p.refuse(l, w.offset, "add the repository: HOST/NAMESPACE/NAME", "%s names a registry but no repository", quote(w.text))
		return false
	}
	if tag == "" {
		tag = plain
	}
	*ref = Reference{Pos: p.at(l, w.offset), Text: w.text, Registry: registry, Repository: repository, Tag: tag, Digest: digest}
	return true
}

// wildcard splits a tag with "*" from a source; rest is the reference without
// it.
func (p *parser) wildcard(l *Line, w word, isSource bool) (rest, tag string, ok bool) {
	star := strings.IndexByte(w.text, '*')
	i := strings.LastIndexByte(w.text, ':')
	switch {
	case !isSource:
		p.refuse(l, w.offset+star, "leave the tag out: each tag keeps its name", "a destination cannot have a wildcard: %s", quote(w.text))
		return "", "", false
	case i < 0 || star < i || strings.Contains(w.text[i:], "/"):
		p.refuse(l, w.offset+star, "name the repository in full", "a wildcard is only possible in the tag of a source: %s", quote(w.text))
		return "", "", false
	}
	tag = w.text[i+1:]
	for j := range len(tag) {
		if c := tag[j]; !isWord(c) && c != '-' && c != '.' && c != '*' {
			p.refuse(l, w.offset+i+1+j, "", "%s is not a valid image reference: the tag pattern holds %q", quote(w.text), c)
			return "", "", false
		}
	}
	return w.text[:i], tag, true
}

// explain returns the place of the likely mistake in an invalid reference, and a
// hint.
func explain(text, problem string) (offset int, hint string) {
	switch i := strings.IndexFunc(text, unicode.IsSpace); {
	case i >= 0:
		return i, "separate references with blanks: " + describeSpace(text[i:]) + " is not a separator"
	case strings.HasPrefix(text, "\ufeff"):
		return 0, "remove the byte order mark at the start of the file"
	case strings.Contains(text, "://"):
		return 0, "leave the scheme out: write HOST/REPOSITORY:TAG"
	case strings.Contains(text, "$"):
		return strings.IndexByte(text, '$'), "write the value: variables are not expanded in a mapping file"
	case strings.HasSuffix(problem, "must be lowercase"):
		return strings.IndexFunc(text, unicode.IsUpper), "write the repository in lower case"
	case strings.HasSuffix(text, ":"):
		return len(text) - 1, "add the tag, or leave the colon out"
	case strings.ContainsAny(text, ",;"):
		return strings.IndexAny(text, ",;"), "separate references with blanks"
	}
	return 0, "write HOST/REPOSITORY[:TAG] or HOST/REPOSITORY@DIGEST"
}

func describeSpace(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	switch r {
	case '\t':
		return "a tab"
	case '\u00a0':
		return "a no-break space"
	}
	return fmt.Sprintf("the white space %U", r)
}

// quote shortens long text and removes what may be secret.
func quote(s string) string {
	s = WithoutUser(s)
	if len(s) > 200 {
		return fmt.Sprintf("%q…", s[:200])
	}
	return fmt.Sprintf("%q", s)
}

// WithoutUser hides user information in an invalid reference:
// https://user:password@host/a becomes https://…@host/a.
func WithoutUser(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || strings.HasPrefix(s[at:], "@sha") || !strings.ContainsAny(s[at:], "./:") {
		return s
	}
	start := 0
	if i := strings.Index(s[:at], "://"); i >= 0 {
		start = i + len("://")
	}
	return s[:start] + "…" + s[at:]
}
