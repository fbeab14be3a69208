package credentials

import (
	"encoding/base64"
	"strings"
	"sync"
)

// Secrets are the secrets that a client has used. A registry may repeat them in
// its answers, which are printed: [Secrets.Scrub] removes them. The zero value
// has no secrets. It is safe for concurrent use.
type Secrets struct {
	mu    sync.RWMutex
	seen  map[string]bool // secrets
	known map[form]bool
	forms []form // the known ones
}

// form is a text in which a secret may appear.
type form struct {
	text  string // as reduced gives it
	least int    // how many bytes of its beginning are enough: a text may cut it off
}

// shortest is the length in bytes from which a secret is removed: a password of
// three letters would hide half of what a registry says.
const shortest = 5

// Learn adds secrets.
func (s *Secrets) Learn(values ...string) {
	for _, v := range values {
		s.learn(v, 0)
	}
}

// learn adds a secret that begins with some bytes that everybody may know.
func (s *Secrets) learn(v string, open int) {
	s.mu.RLock()
	seen := s.seen[v]
	s.mu.RUnlock()
	if seen || len(v) < shortest {
		return
	}
	decoded, _ := reduced(v, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen, s.known = map[string]bool{}, map[form]bool{}
	}
	s.seen[v] = true
	s.add(v, open)
	s.add(decoded, open)
	s.add(strings.ReplaceAll(v, " ", "+"), open)
	for _, encoded := range encodings(v) {
		s.add(encoded, base64.RawStdEncoding.EncodedLen(open))
	}
}

// add adds a form. It is hidden from the first half of its secret part on, or the
// first 16 bytes, but not less than 8: fewer occur in other texts as well.
func (s *Secrets) add(text string, open int) {
	text, _ = reduced(text, false)
	secret := len(text) - open
	f := form{text, min(len(text), open+max(8, min(secret/2, 16)))}
	if len(text) >= shortest && !s.known[f] {
		s.known[f] = true
		s.forms = append(s.forms, f)
	}
}

// LearnCredential adds the secrets of a credential.
func (s *Secrets) LearnCredential(c Credential) {
	s.Learn(c.Password, c.IdentityToken, c.RegistryToken)
	if c.Password != "" {
		user := c.Username + ":"
		s.learn(user+c.Password, len(user))
		s.learn(base64.StdEncoding.EncodeToString([]byte(user+c.Password)), base64.RawStdEncoding.EncodedLen(len(user)))
	}
}

// encodings returns the base64 forms of a secret, alone and within a longer
// text: the characters that depend only on the secret, wherever it begins.
func encodings(secret string) []string {
	var out []string
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		first := (before*8 + 5) / 6
		last := len(padded) * 8 / 6
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if form := enc.EncodeToString(padded)[first:last]; len(form) >= 2*shortest-2 {
				out = append(out, form)
			}
		}
	}
	return out
}

// Scrub replaces each secret in a text by "…": unchanged, in letters of another
// case, in base64, escaped as in URLs and JSON, broken by line ends and other
// control characters, or cut off behind its first half.
func (s *Secrets) Scrub(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.forms) == 0 || text == "" {
		return text
	}
	hidden := make([]bool, len(text))
	found := false
	hide := func(plain string, at []int) {
		for _, f := range s.forms {
			for from := 0; ; {
				i := strings.Index(plain[from:], f.text[:f.least])
				if i < 0 {
					break
				}
				found = true
				from += i
				n := common(plain[from:], f.text)
				for k := at[from]; k < at[from+n]; k++ {
					hidden[k] = true
				}
				from += n
			}
		}
	}
	for _, decode := range []bool{false, true} {
		plain, at := reduced(text, decode)
		hide(plain, at)
	}
	if !found {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("…")
		}
	}
	return b.String()
}

// common returns the length of the common prefix of two texts.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// reduced returns a text in small letters without control characters and, if
// decode is set, with %XX and \uXXXX decoded. at has the offset in text of each of its bytes, and
// of its end.
func reduced(text string, decode bool) (plain string, at []int) {
	out := make([]byte, 0, len(text))
	at = make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		n, b := 1, text[i]
		switch {
		case !decode:
		case b == '%' && i+2 < len(text) && hex(text[i+1]) >= 0 && hex(text[i+2]) >= 0:
			n, b = 3, byte(hex(text[i+1])<<4|hex(text[i+2])) // #nosec G115 -- two hexadecimal digits fit a byte
		case b == '\\' && i+5 < len(text) && text[i+1] == 'u' && text[i+2:i+4] == "00" && hex(text[i+4]) >= 0 && hex(text[i+5]) >= 0:
			n, b = 6, byte(hex(text[i+4])<<4|hex(text[i+5])) // #nosec G115 -- two hexadecimal digits fit a byte
		case b == '\\' && i+1 < len(text) && strings.IndexByte(`"\/`, text[i+1]) >= 0:
			n, b = 2, text[i+1]
		case b == '\\' && i+1 < len(text) && strings.IndexByte("nrt", text[i+1]) >= 0:
			n, b = 2, '\n'
		}
		if !control(b) {
			at = append(at, i)
			if b >= 'A' && b <= 'Z' {
				b += 'a' - 'A'
			}
			out = append(out, b)
		}
		i += n
	}
	return string(out), append(at, len(text))
}

func control(b byte) bool { return b < ' ' || b == 0x7f }

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
