package chaos

import (
	"io"
	"net/http"
	"strings"
)

// refused is the start of the paths at which a [Store] gives nothing.
const refused = "/refused"

// Store is a blob store with the content of a registry, for [Injector.CDN].
// Some of its URLs fail: with an expired signature, with a request for a
// password, or because it is overloaded.
func Store(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, closed := strings.CutPrefix(r.URL.Path, refused)
		if !closed {
			h.ServeHTTP(w, r)
			return
		}
		status, code := http.StatusForbidden, "AccessDenied"
		switch len(path) % 3 {
		case 0:
			w.Header().Set("WWW-Authenticate", `Basic realm="store"`)
			status, code = http.StatusUnauthorized, "AuthenticationRequired"
		case 1:
			status, code = http.StatusServiceUnavailable, "SlowDown"
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		io.WriteString(w, `<?xml version="1.0"?><Error><Code>`+code+`</Code></Error>`)
	})
}
