package registry

import (
	"net/http"
	"net/url"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

const maxRedirects = 10

// redirects follows redirects: all of GET and HEAD, and those of other methods
// that keep the method (307, 308) if the body can be sent again. The
// Authorization header goes only to the scheme, host and port that it is for.
func redirects(name string, scrub func(string) string, next http.RoundTripper) http.RoundTripper {
	return throttle.Func(func(r *http.Request) (*http.Response, error) {
		base, work := baseOf(r.Context()), throttle.WorkOf(r.Context())
		for hop := 1; ; hop++ {
			resp, err := next.RoundTrip(r)
			if err != nil || !redirected(r, resp.StatusCode) {
				return resp, err
			}
			resp.Body.Close()
			target, err := redirectTarget(name, scrub, r.URL, resp.Header.Get("Location"))
			if err != nil {
				return nil, err
			}
			if hop > maxRedirects {
				return nil, unusable(name, badRedirect, "%s: more than %d redirects, the last one to %s", name, maxRedirects, throttle.Redact(target, scrub))
			}
			if r.GetBody == nil && r.Body != nil && r.Body != http.NoBody {
				return nil, &movedError{target}
			}
			moved := work
			moved.Kind += " (redirected)"
			again := r.Clone(moved.Into(r.Context()))
			again.URL, again.Host = target, ""
			if target.Scheme != base.Scheme || target.Host != base.Host {
				again.Header.Del("Authorization")
			}
			if r.GetBody != nil {
				if again.Body, err = r.GetBody(); err != nil {
					return nil, err
				}
			}
			r = again
		}
	})
}

func redirected(r *http.Request, status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		return r.Method == http.MethodGet || r.Method == http.MethodHead
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirectTarget returns where a registry redirects a request for from.
func redirectTarget(name string, scrub func(string) string, from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case location == "" || err != nil || to.Host == "" || to.User != nil || to.Scheme != "https" && to.Scheme != "http":
		return nil, unusable(name, badRedirect, "%s redirects %s to an invalid URL", name, throttle.Redact(from, scrub))
	case from.Scheme == "https" && to.Scheme == "http":
		return nil, unusable(name, badRedirect, "%s redirects from https to plain http on %s: not followed", name, scrub(to.Host))
	}
	return to, nil
}

// movedError means that a request whose body is a stream has to be sent to
// another URL.
type movedError struct{ to *url.URL }

func (e *movedError) Error() string { return "the upload is redirected to " + e.to.Host }
