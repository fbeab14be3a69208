package chaos

import (
	"net/http"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// ledger records the values of a registry's tags with their times.
type ledger struct {
	mu   sync.Mutex
	tags map[string][]held // by repository:tag
}

type held struct {
	digest string
	since  time.Time
}

func (l *ledger) note(repo, tag, digest string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tags == nil {
		l.tags = map[string][]held{}
	}
	key := repo + ":" + tag
	l.tags[key] = append(l.tags[key], held{digest, time.Now()})
}

// notes notes all tags of a repository.
func (l *ledger) notes(g *strict.Registry, repo string) {
	for tag, digest := range g.Tags(repo) {
		l.note(repo, tag, digest)
	}
}

// at returns the value of a tag at a time, or "" if it did not exist.
func (l *ledger) at(repo, tag string, t time.Time) (digest string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.tags[repo+":"+tag] {
		if !h.since.After(t) {
			digest = h.digest
		}
	}
	return digest
}

// Wrap notes the tags that are written to a registry.
func (l *ledger) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if testkit.Class(r) != "PUT manifest" {
			h.ServeHTTP(w, r)
			return
		}
		seen := &status{ResponseWriter: w}
		h.ServeHTTP(seen, r)
		repo, ref := place(r)
		if digest := w.Header().Get("Docker-Content-Digest"); seen.code == http.StatusCreated && ref != digest {
			l.note(repo, ref, digest)
		}
	})
}
