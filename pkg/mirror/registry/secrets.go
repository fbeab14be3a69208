package registry

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// secrets are those that a client has used. A registry may repeat what it was
// sent, and what it says is told to people.
type secrets struct {
	mu    sync.RWMutex
	known map[string]bool
}

// shortest is the length from which a text is looked for: a password of three
// letters would hide half of what a registry says.
const shortest = 5

func (s *secrets) learn(values ...string) {
	for _, v := range values {
		s.mu.RLock()
		skip := len(v) < shortest || s.known[v]
		s.mu.RUnlock()
		if skip {
			continue
		}
		s.mu.Lock()
		if s.known == nil {
			s.known = map[string]bool{}
		}
		s.known[v] = true
		s.mu.Unlock()
	}
}

func (s *secrets) learnCredential(c auth.Credential) {
	s.learn(c.Password, c.IdentityToken, c.RegistryToken)
	if c.Password != "" {
		s.learn(basicAuth(c), url.QueryEscape(c.Password))
	}
	if c.IdentityToken != "" {
		s.learn(url.QueryEscape(c.IdentityToken))
	}
}

// scrub puts … where a text repeats a secret.
func (s *secrets) scrub(text string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for v := range s.known {
		text = strings.ReplaceAll(text, v, "…")
	}
	return text
}

func basicAuth(c auth.Credential) string {
	return base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
}
