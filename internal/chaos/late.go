package chaos

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// Late makes a registry eventually consistent: a write is not visible for 0.3
// to 5 seconds. Meanwhile a blob or manifest does not exist, a tag has its old
// value, a mount is declined, and a manifest that needs it is refused with the
// errors of real registries.
type Late struct {
	Seed uint64

	mu    sync.Mutex
	until map[string]time.Time // by "repository digest" and "repository tag"
	tags  map[string]string    // what a tag was, by the same
}

// Wrap wraps a registry.
func (l *Late) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		repo, ref := place(r)
		switch class := testkit.Class(r); class {
		case "HEAD blob", "GET blob":
			if l.hides(repo, ref) {
				strict.Refuse(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
				return
			}
		case "HEAD manifest", "GET manifest":
			if l.hides(repo, ref) {
				old := l.was(repo, ref)
				if old == "" {
					strict.Refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
					return
				}
				r = r.Clone(r.Context())
				r.URL.Path = "/v2/" + repo + "/manifests/" + old
			}
		case "mount":
			from, d := r.URL.Query().Get("from"), r.URL.Query().Get("mount")
			if l.hides(from, d) {
				r = r.Clone(r.Context())
				r.URL.RawQuery = ""
			}
			l.pass(w, r, h, repo, d)
			return
		case "PUT upload":
			l.pass(w, r, h, repo, r.URL.Query().Get("digest"))
			return
		case "PUT manifest":
			l.manifest(w, r, h, repo, ref)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// place returns the repository of a request and its object there.
func place(r *http.Request) (repo, ref string) {
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	for _, kind := range []string{"/blobs/uploads/", "/blobs/", "/manifests/"} {
		if repo, ref, ok := strings.Cut(path, kind); ok {
			return repo, ref
		}
	}
	return path, ""
}

func (l *Late) hides(repo, ref string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Before(l.until[repo+" "+ref])
}

func (l *Late) was(repo, tag string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tags[repo+" "+tag]
}

// hide records a write. A repeated write changes nothing.
func (l *Late) hide(repo, ref, was string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil {
		l.until, l.tags = map[string]time.Time{}, map[string]string{}
	}
	key := repo + " " + ref
	if _, again := l.until[key]; again && was == "" {
		return
	}
	dice := (&Injector{Seed: l.Seed}).dice(key, 0)
	l.until[key] = time.Now().Add(300*time.Millisecond + time.Duration(dice.Int64N(int64(4700*time.Millisecond))))
	l.tags[key] = was
}

// pass lets the registry accept a blob.
func (l *Late) pass(w http.ResponseWriter, r *http.Request, h http.Handler, repo, d string) {
	seen := &status{ResponseWriter: w}
	h.ServeHTTP(seen, r)
	if seen.code == http.StatusCreated {
		l.hide(repo, d, "")
	}
}

// manifest lets the registry accept a manifest if nothing that it needs is
// hidden.
func (l *Late) manifest(w http.ResponseWriter, r *http.Request, h http.Handler, repo, ref string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if missing := l.missing(repo, body); missing != "" {
		switch len(ref) % 4 {
		case 0:
			strict.Refuse(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry: "+missing)
		case 1:
			strict.Refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		case 2:
			strict.Refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", "the manifest refers to "+missing+", which is not found")
		default:
			strict.Refuse(w, http.StatusNotFound, "BLOB_UNKNOWN", missing)
		}
		return
	}
	head := httptest.NewRecorder()
	ask := r.Clone(r.Context())
	ask.Method, ask.Body, ask.ContentLength = http.MethodHead, http.NoBody, 0
	ask.Header.Set("Accept", strings.Join([]string{"application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"}, ","))
	h.ServeHTTP(head, ask)
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := &status{ResponseWriter: w}
	h.ServeHTTP(seen, r)
	if seen.code != http.StatusCreated {
		return
	}
	was := head.Header().Get("Docker-Content-Digest")
	if was != w.Header().Get("Docker-Content-Digest") {
		l.hide(repo, ref, was)
	}
	if ref != w.Header().Get("Docker-Content-Digest") && head.Code == http.StatusNotFound {
		l.hide(repo, w.Header().Get("Docker-Content-Digest"), "")
	}
}

// missing returns something hidden that a manifest refers to.
func (l *Late) missing(repo string, body []byte) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	least := ""
	for key, until := range l.until {
		d, ok := strings.CutPrefix(key, repo+" sha256:")
		if ok && time.Now().Before(until) && bytes.Contains(body, []byte(d)) && (least == "" || d < least) {
			least = d
		}
	}
	if least == "" {
		return ""
	}
	return "sha256:" + least
}

// status remembers the status of an answer.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for [http.NewResponseController].
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
