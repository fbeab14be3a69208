package credentials

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// TestScrub checks that a secret is hidden in every form in which a registry
// may repeat it.
func TestScrub(t *testing.T) {
	const secret = "Tr0ub4dor&3 \"q\" ümläut/+="
	c := Credential{Username: "robot", Password: secret}
	pair := c.Username + ":" + c.Password
	b64 := base64.StdEncoding.EncodeToString
	every := ""
	for _, b := range []byte(secret) {
		every += "%" + strings.ToUpper(string("0123456789abcdef"[b>>4])+string("0123456789abcdef"[b&15]))
	}
	for name, form := range map[string]string{
		"as it is":              secret,
		"with its user":         pair,
		"Basic":                 b64([]byte(pair)),
		"base64":                b64([]byte(secret)),
		"base64 of URLs":        base64.URLEncoding.EncodeToString([]byte(secret)),
		"base64, one before":    b64([]byte("x" + secret)),
		"base64, two before":    b64([]byte("xy" + secret + "z")),
		"base64 in lines":       broken(b64([]byte(pair)), "\r\n"),
		"in a query":            url.QueryEscape(secret),
		"in a path":             url.PathEscape(secret),
		"every byte escaped":    every,
		"lower case escapes":    strings.ToLower(every),
		"in JSON":               `Tr0ub4dor\u00263 \"q\" ümläut\/+=`,
		"broken by line ends":   broken(secret, "\n"),
		"broken by escape code": broken(secret, "\x1b"),
		"capitals":              strings.ToUpper(pair),
		"cut off":               secret[:len(secret)-4],
		"Basic, cut off":        b64([]byte(pair))[:28],
	} {
		t.Run(name, func(t *testing.T) {
			var s Secrets
			if text := s.Scrub("before " + form); text != "before "+form {
				t.Errorf("changed before it is known: %q", text)
			}
			s.LearnCredential(c)
			got := s.Scrub("before <" + form + "> after")
			if !strings.HasPrefix(got, "before <") || !strings.HasSuffix(got, "> after") || len(got) > 40 {
				t.Errorf("%q became %q", form, got)
			}
		})
	}
	var s Secrets
	s.LearnCredential(c)
	s.LearnCredential(Credential{Password: "abc"})
	s.LearnCredential(Credential{Username: "an-organisation-with-a-long-name+robot", Password: secret})
	for _, text := range []string{
		"", "nothing of it", "abc", "Tr0ub4dor", "an-organisation-with-a-long-name/app", "an-organisation-with-a-long-name+robot", strings.Repeat("%", 100), `\u00`, "100%",
	} {
		if got := s.Scrub(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// broken puts sep after every four bytes, where a character ends.
func broken(s, sep string) string {
	out, n := "", 0
	for _, r := range s {
		out += string(r)
		if n++; n%4 == 0 {
			out += sep
		}
	}
	return out
}

// FuzzScrub checks that Scrub does not panic and leaves no secret unchanged.
func FuzzScrub(f *testing.F) {
	f.Add("secret", "a secret and c2VjcmV0 and %73ecret")
	f.Add("s%41cret", "s%2541cret s%41cret")
	f.Add("\\n\\u00", "\\n\\u00\\u0041")
	f.Add("\x00\x00\x01te", "te\x00\x00\x01te")
	f.Add("00\x18000", "%")
	f.Add("\x00\x00\x01te", "te\x00\x00\x01te")
	f.Add("\x01\x01\x01\x01\x01", "\x01")
	f.Fuzz(func(t *testing.T, secret, text string) {
		var s Secrets
		s.Learn(secret)
		bare, _ := reduced(secret, false)
		if got := s.Scrub(text + secret); len(bare) >= shortest && strings.Contains(got, secret) && !strings.Contains("…", secret) {
			t.Errorf("%q holds %q", got, secret)
		}
	})
}
