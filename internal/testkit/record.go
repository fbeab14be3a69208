package testkit

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Recorder counts the requests that a registry gets, by class, and may answer
// some itself.
type Recorder struct {
	// Fault is called before each request with its class and the number of
	// earlier requests of the class. It returns true if it has responded.
	Fault func(w http.ResponseWriter, r *http.Request, class string, n int) bool
	// Edit may change the headers of an answer before they are sent: what a
	// registry leaves out, or gets wrong. A nil value keeps a header from being
	// added later (Content-Type).
	Edit func(r *http.Request, class string, status int, h http.Header)

	mu       sync.Mutex
	counts   map[string]int
	requests []string
}

// Wrap puts the recorder before a handler.
func (rec *Recorder) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		class := Class(r)
		rec.mu.Lock()
		if rec.counts == nil {
			rec.counts = map[string]int{}
		}
		n := rec.counts[class]
		rec.counts[class]++
		rec.requests = append(rec.requests, r.Method+" "+r.URL.RequestURI())
		fault, edit := rec.Fault, rec.Edit
		rec.mu.Unlock()
		if fault != nil && fault(w, r, class, n) {
			return
		}
		if edit != nil {
			w = &editor{ResponseWriter: w, edit: func(status int, h http.Header) { edit(r, class, status, h) }}
		}
		h.ServeHTTP(w, r)
	})
}

// editor changes headers at the moment at which they are sent.
type editor struct {
	http.ResponseWriter
	edit func(status int, h http.Header)
	sent bool
}

func (e *editor) WriteHeader(status int) {
	if !e.sent {
		e.sent = true
		e.edit(status, e.Header())
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *editor) Write(p []byte) (int, error) {
	if !e.sent {
		e.WriteHeader(http.StatusOK)
	}
	return e.ResponseWriter.Write(p)
}

// Unwrap is for [http.NewResponseController].
func (e *editor) Unwrap() http.ResponseWriter { return e.ResponseWriter }

// Reset forgets what was counted.
func (rec *Recorder) Reset() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.counts, rec.requests = nil, nil
}

// Count is the number of requests of some classes; of all without any.
func (rec *Recorder) Count(classes ...string) int {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(classes) == 0 {
		return len(rec.requests)
	}
	n := 0
	for _, c := range classes {
		n += rec.counts[c]
	}
	return n
}

// Requests returns every request as "METHOD path?query".
func (rec *Recorder) Requests() []string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return slices.Clone(rec.requests)
}

// Classes returns the counts of all classes.
func (rec *Recorder) Classes() map[string]int {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return maps.Clone(rec.counts)
}

// Class names what a request is for: "ping", "tags", "referrers", "HEAD
// manifest", "GET blob", "mount", "POST upload", "PUT upload" and so on.
func Class(r *http.Request) string {
	path := r.URL.Path
	switch {
	case path == "/v2/" || path == "/v2":
		return "ping"
	case strings.HasPrefix(path, "/api/v1/repository/"), strings.HasPrefix(path, "/apis/image.openshift.io/"):
		return "listing"
	case strings.HasSuffix(path, "/tags/list"):
		return "tags"
	case strings.Contains(path, "/referrers/"):
		return "referrers"
	case strings.Contains(path, "/blobs/uploads/"):
		if r.Method == http.MethodPost && r.URL.Query().Get("mount") != "" {
			return "mount"
		}
		return r.Method + " upload"
	case strings.Contains(path, "/blobs/"):
		return r.Method + " blob"
	case strings.Contains(path, "/manifests/"):
		return r.Method + " manifest"
	}
	return "other"
}
