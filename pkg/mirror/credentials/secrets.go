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
	seen  map[string]bool
	forms []string // in which they may appear, without control characters
}

// shortest is the length in bytes from which a secret is removed: a password of
// three letters would hide half of what a registry says.
const shortest = 5

// Learn adds secrets.
func (s *Secrets) Learn(values ...string) {
	for _, v := range values {
		s.mu.RLock()
		seen := s.seen[v]
		s.mu.RUnlock()
		if seen || len(v) < shortest {
			continue
		}
		bare, _ := reduced(v, false)
		plain, _ := reduced(v, true)
		s.mu.Lock()
		if s.seen == nil {
			s.seen = map[string]bool{}
		}
		s.seen[v] = true
		if len(bare) >= shortest {
			s.forms = append(s.forms, bare)
		}
		for _, form := range append(encodings(v), plain, strings.ReplaceAll(v, " ", "+")) {
			if !s.seen[form] && len(form) >= shortest {
				s.seen[form] = true
				s.forms = append(s.forms, form)
			}
		}
		s.mu.Unlock()
	}
}

// LearnCredential adds the secrets of a credential.
func (s *Secrets) LearnCredential(c Credential) {
	s.Learn(c.Password, c.IdentityToken, c.RegistryToken)
	if c.Password != "" {
		s.Learn(c.Username+":"+c.Password, base64.StdEncoding.EncodeToString([]byte(c.Username+":"+c.Password)))
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

// Scrub replaces each secret in a text by "…": unchanged, in base64, escaped as
// in URLs and JSON, or broken by line ends and other control characters.
func (s *Secrets) Scrub(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.forms) == 0 || text == "" {
		return text
	}
	hidden := make([]bool, len(text))
	found := false
	hide := func(plain string, at []int) {
		for _, form := range s.forms {
			for from := 0; ; {
				i := strings.Index(plain[from:], form)
				if i < 0 {
					break
				}
				found = true
				for k := at[from+i]; k < at[from+i+len(form)]; k++ {
					hidden[k] = true
				}
				from += i + len(form)
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

// reduced returns a text without control characters and, if decode is set, with
// %XX and \uXXXX decoded. at has the offset in text of each of its bytes, and
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
