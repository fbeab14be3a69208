package auth

import (
	"net/http"
	"strings"
)

// Challenge is one way to authenticate that a server offers in a
// WWW-Authenticate header.
type Challenge struct {
	Scheme string            // in lower case: "bearer", "basic"
	Params map[string]string // keys in lower case
}

// maxChallenge is how many bytes of a header are read; a hostile one can be
// long.
const maxChallenge = 8 << 10

// Challenges reads the WWW-Authenticate headers of a response (RFC 9110,
// section 11.6.1). It skips what is not valid.
func Challenges(h http.Header) []Challenge {
	var out []Challenge
	for _, line := range h.Values("WWW-Authenticate") {
		if len(line) <= maxChallenge {
			out = append(out, parseChallenges(line)...)
		}
	}
	return out
}

func parseChallenges(s string) []Challenge {
	var out []Challenge
	for {
		s = strings.TrimLeft(s, " \t,")
		word, rest := token(s)
		if word == "" {
			return out
		}
		rest = strings.TrimLeft(rest, " \t")
		if strings.HasPrefix(rest, "=") && len(out) > 0 {
			value, after, ok := paramValue(rest[1:])
			if !ok {
				return out
			}
			key := strings.ToLower(word)
			if _, taken := out[len(out)-1].Params[key]; !taken {
				out[len(out)-1].Params[key] = value
			}
			s = after
			continue
		}
		out = append(out, Challenge{Scheme: strings.ToLower(word), Params: map[string]string{}})
		s = rest
	}
}

func token(s string) (word, rest string) {
	i := 0
	for i < len(s) && (s[i] > ' ' && s[i] < 0x7f) && !strings.ContainsRune(`",=()<>@;\[]?{}`, rune(s[i])) {
		i++
	}
	return s[:i], s[i:]
}

func paramValue(s string) (value, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
