package mapping

import "strings"

// The grammar of an image reference is that of the distribution project's
// reference package, which oc uses: [domain/]path[:tag][@digest]. It is written
// out here because a tree has ten thousand references and each of them is
// parsed on every run; a fuzz test holds it against that package.

const (
	maxNameLength = 255 // of domain and path together
	maxTagLength  = 128
)

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isLower(c) || isDigit(c) || 'A' <= c && c <= 'Z' }
func isWord(c byte) bool  { return isAlnum(c) || c == '_' }
func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// ValidTag reports whether a text can be a tag: a word character, then up to 127
// word characters, dots or hyphens.
func ValidTag(s string) bool {
	if s == "" || len(s) > maxTagLength || !isWord(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isWord(s[i]) && s[i] != '.' && s[i] != '-' {
			return false
		}
	}
	return true
}

// validPath: components separated by "/", each of lower-case letters and digits
// with ".", "_", "__" or any number of "-" between them.
func validPath(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if !validComponent(part) {
			return false
		}
	}
	return true
}

func validComponent(s string) bool {
	low := func(c byte) bool { return isLower(c) || isDigit(c) }
	if s == "" || !low(s[0]) || !low(s[len(s)-1]) {
		return false
	}
	for i := 0; i < len(s); {
		if low(s[i]) {
			i++
			continue
		}
		sep := s[i]
		n := 1
		for i+n < len(s) && s[i+n] == sep {
			n++
		}
		switch {
		case sep == '-':
		case sep == '.' && n == 1:
		case sep == '_' && n <= 2:
		default:
			return false
		}
		if !low(s[i+n]) { // in range: the last byte is a letter or digit
			return false
		}
		i += n
	}
	return true
}

// validDomain: a host name (upper case allowed) or an IPv6 address in brackets,
// with an optional port.
func validDomain(s string) bool {
	host := s
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 2 {
			return false
		}
		for i := 1; i < end; i++ {
			if !isHex(s[i]) && s[i] != ':' {
				return false
			}
		}
		return end == len(s)-1 || validPort(s[end+1:])
	}
	if i := strings.IndexByte(s, ':'); i >= 0 {
		if !validPort(s[i:]) {
			return false
		}
		host = s[:i]
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || !isAlnum(label[0]) || !isAlnum(label[len(label)-1]) {
			return false
		}
		for i := range len(label) {
			if !isAlnum(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

func validPort(s string) bool {
	if len(s) < 2 || s[0] != ':' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// isDomain reports whether the part of a name before its first "/" is a host and
// not the first component of a path.
func isDomain(first string) bool {
	return first == "localhost" || strings.ContainsAny(first, ".:")
}

// looksLikeRegistry reports whether oc reads a name without "/" as a registry:
// then what looks like a tag is its port, and there is no repository.
func looksLikeRegistry(name string) bool {
	return !strings.Contains(name, "/") && (strings.Contains(name, ".") || strings.HasPrefix(name, "localhost"))
}

// digestLengths are the hexadecimal digits of the algorithms that registries use.
var digestLengths = [...]struct {
	algorithm string
	hex       int
}{{"sha256", 64}, {"sha384", 96}, {"sha512", 128}}

// digestError returns what is wrong with a digest, or "".
func digestError(s string) string {
	algorithm, hex, ok := strings.Cut(s, ":")
	if !ok || len(hex) < 32 {
		return "invalid reference format: a digest is sha256: and 64 hexadecimal digits"
	}
	for i := range len(hex) {
		if !isHex(hex[i]) {
			return "invalid reference format: a digest is sha256: and 64 hexadecimal digits"
		}
	}
	for _, d := range digestLengths {
		if d.algorithm != algorithm {
			continue
		}
		if len(hex) != d.hex {
			return "invalid checksum digest length"
		}
		if strings.ToLower(hex) != hex {
			return "invalid checksum digest format: the digits must be lower case"
		}
		return ""
	}
	return "unsupported digest algorithm"
}

// split splits a reference without any defaults. The error text is what oc says
// after "is not a valid image reference: ".
func split(s string) (registry, repository, tag, digest, problem string) {
	const invalid = "invalid reference format"
	name := s
	if i := strings.IndexByte(name, '@'); i >= 0 {
		digest, name = name[i+1:], name[:i]
		if p := digestError(digest); p != "" {
			return "", "", "", "", p
		}
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.Contains(name[i:], "/") {
		tag, name = name[i+1:], name[:i]
		if !ValidTag(tag) {
			return "", "", "", "", invalid
		}
	}
	path := name
	if first, rest, ok := strings.Cut(name, "/"); ok && (isDomain(first) || strings.ToLower(first) != first && validDomain(first) && validPath(rest)) {
		if !validDomain(first) {
			return "", "", "", "", invalid
		}
		registry, path = first, rest
	}
	if !validPath(path) {
		if lower := strings.ToLower(path); lower != path && validPath(lower) {
			return "", "", "", "", invalid + ": repository name must be lowercase"
		}
		return "", "", "", "", invalid
	}
	if len(name) > maxNameLength {
		return "", "", "", "", "repository name must not be more than 255 characters"
	}
	return registry, path, tag, digest, ""
}
