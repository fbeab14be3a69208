package mapping_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// The grammar of references in oc: an older one of the distribution project,
// without IPv6. The part before the first slash decides whether there is a
// host.
var (
	ocHost      = `(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`
	ocComponent = `[a-z0-9]+(?:(?:[._]|__|-*)[a-z0-9]+)*`
	ocReference = regexp.MustCompile(`^((?:` + ocHost + `(?:\.` + ocHost + `)*(?::[0-9]+)?/)?` + ocComponent + `(?:/` + ocComponent + `)*)` +
		`(?::(\w[\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`)
	ocWildcard = regexp.MustCompile(`:([\w\d\-.*]+)$`)
)

// ocImage is a reference as oc understands it.
type ocImage struct{ registry, name, tag, digest string }

func (i ocImage) repository() string {
	if i.registry != "" {
		return i.registry + "/" + i.name
	}
	return i.name
}

func ocParse(s string) (i ocImage, ok bool) {
	m := ocReference.FindStringSubmatch(s)
	if m == nil || len(m[1]) > 255 {
		return i, false
	}
	i = ocImage{name: m[1], tag: m[2], digest: m[3]}
	if algorithm, hex, ok := strings.Cut(i.digest, ":"); ok {
		if n := map[string]int{"sha256": 64, "sha384": 96, "sha512": 128}[algorithm]; n != len(hex) {
			return i, false
		}
	}
	first, rest, several := strings.Cut(i.name, "/")
	switch {
	case several && (strings.ContainsAny(first, ".:") || first == "localhost"):
		i.registry, i.name = first, rest
	case !several && (strings.Contains(first, ".") || strings.HasPrefix(first, "localhost")):
		return i, false // a registry without a repository, which oc cannot use
	}
	return i, true
}

// ocLine reads a line as oc does and returns its copies, "SRC>DST" each, or
// false if oc rejects it.
func ocLine(line string) (copies []string, ok bool) {
	if len(line) >= 64<<10 {
		return nil, false // its scanner gives up
	}
	line, _, _ = strings.Cut(line, "#")
	if line = strings.TrimSpace(line); line == "" {
		return nil, true
	}
	var pairs [][2]string
	words := strings.Split(line, " ")
	if strings.Contains(line, "=") {
		for _, w := range words {
			if src, dst, is := strings.Cut(w, "="); is {
				pairs = append(pairs, [2]string{src, dst})
			}
		}
	} else {
		for _, w := range words[1:] {
			if w != "" {
				pairs = append(pairs, [2]string{words[0], w})
			}
		}
	}
	for _, p := range pairs {
		text, pattern := p[0], ""
		if strings.Contains(text, "*") {
			m := ocWildcard.FindStringSubmatch(text)
			if m == nil {
				return nil, false
			}
			pattern, text = m[1], strings.TrimSuffix(text, ":"+m[1])
		}
		src, ok := ocParse(text)
		if !ok || pattern != "" && (src.tag != "" || src.digest != "") {
			return nil, false
		}
		dst, ok := ocParse(p[1])
		if !ok || dst.digest != "" {
			return nil, false
		}
		from := src.repository()
		switch {
		case pattern != "":
			from += ":" + pattern
		case src.tag != "":
			from += ":" + src.tag
		}
		if src.digest != "" {
			from += "@" + src.digest
		}
		to := dst.repository()
		switch {
		case dst.tag != "":
			to += ":" + dst.tag
		case pattern != "":
			to += ":" + pattern
		case src.tag != "":
			to += ":" + src.tag
		case src.digest == "":
			to += ":*"
		}
		copies = append(copies, from+">"+to)
	}
	return copies, len(pairs) > 0
}

// ours reads a line as this package does.
func ours(line string) (copies []string, ok bool) {
	f := mapping.Parse("m", []byte(line))
	for _, p := range f.Problems {
		if p.Severity == source.Error && !strings.Contains(p.Message, "maps nothing") {
			return nil, false
		}
	}
	for p := range f.Pairs() {
		copies = append(copies, p.Source.Exact()+">"+p.Destination.Exact())
	}
	return copies, true
}

// meant reports whether we deliberately read a line differently from oc;
// docs/from-oc.md lists these lines.
func meant(line string, theirs []string) bool {
	body, _, _ := strings.Cut(line, "#")
	switch {
	case strings.ContainsAny(line, "\x00[\n\r"): // NUL, IPv6; more than one line
		return true
	case strings.Contains(body, "file://"), strings.Contains(body, "s3://"):
		return true
	case strings.Contains(body, "="): // words beside SRC=DST are an error, not dropped
		for _, w := range strings.Fields(body) {
			if !strings.Contains(w, "=") {
				return true
			}
		}
	}
	for _, c := range theirs {
		src, dst, _ := strings.Cut(c, ">")
		if _, tag, ok := strings.Cut(dst[strings.LastIndexByte(dst, '/')+1:], ":"); ok && !strings.Contains(src, "@") {
			_, from, has := strings.Cut(src[strings.LastIndexByte(src, '/')+1:], ":")
			if (!has || strings.Contains(from, "*")) && tag != from && tag != "*" {
				return true // a wildcard to one tag, which oc accepts if only one tag matches
			}
		}
		if sameAfterDefaults(src, dst) {
			return true
		}
		for _, ref := range []string{src, dst} {
			host, _, _ := strings.Cut(ref, "/")
			_, digest, _ := strings.Cut(ref, "@")
			if strings.ContainsAny(host, "_") || strings.ToLower(digest) != digest {
				return true
			}
		}
	}
	return false
}

// sameAfterDefaults reports whether source and destination are the same image.
// oc detects that later or never, because it compares hosts literally.
func sameAfterDefaults(src, dst string) bool {
	plain := func(s string) string {
		if host, path, ok := strings.Cut(s, "/"); ok {
			s = strings.TrimSuffix(strings.ToLower(host), ":443") + "/" + path
		}
		for _, p := range []string{"docker.io/", "index.docker.io/", "registry-1.docker.io/", "library/"} {
			s = strings.TrimPrefix(s, p)
		}
		return s
	}
	return plain(src) == plain(dst) || plain(src)+":*" == plain(dst)
}

func likeOc(t *testing.T, line string) {
	t.Helper()
	theirs, takes := ocLine(line)
	if meant(line, theirs) {
		return
	}
	got, ok := ours(line)
	if ok != takes || ok && !slices.Equal(got, theirs) {
		t.Errorf("%.300q: oc %v %.300q, we %v %.300q", line, takes, theirs, ok, got)
	}
}

// TestLikeOc reads random lines made of pieces of references and compares the
// result with a reader that behaves like oc.
func TestLikeOc(t *testing.T) {
	pieces := []string{
		"a", "b", "org", "app", "node.js", "quay.io", "q.io", "localhost", "A", "B.io", "x-y", "x_y", "x__y", "x--y", "x..y", "-", "_", ".", "5000", "v1", "V1.2-3",
		"/", "/", "/", ":", ":", "@", "*", "**", "v4*", "#", "=", " ", " ", " ", "  ", "\t", "sha256:" + strings.Repeat("0a", 32), "sha512:" + strings.Repeat("0a", 64),
		"sha256:" + strings.Repeat("0", 31), "sha256:" + strings.Repeat("0", 65), "q.io/a/b:1", "r.io/c/d", "r.io:5000/c/d:2", "$", "ä", "docker.io/library/",
	}
	r := rand.New(rand.NewPCG(1, 2))
	whole := []string{"q.io/a/b:1", "q.io/a/b", "a/b:1", "busybox"}
	for range 150_000 {
		var line strings.Builder
		if r.IntN(3) == 0 { // so that often only a later reference is invalid
			line.WriteString(whole[r.IntN(len(whole))] + " ")
		}
		for range 1 + r.IntN(9) {
			line.WriteString(pieces[r.IntN(len(pieces))])
		}
		if r.IntN(3) == 0 {
			line.WriteString(" r.io/x/y")
		}
		likeOc(t, line.String())
		if t.Failed() {
			return
		}
	}
}

func FuzzLikeOc(f *testing.F) {
	for _, row := range grammar {
		f.Add(row.line)
	}
	f.Add("\xff\xfe")
	f.Add("q.iO/a q.io/a")
	f.Fuzz(likeOc)
}
