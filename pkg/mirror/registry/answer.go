package registry

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/body"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// maxErrorBody is how many bytes of an error's body are read.
const maxErrorBody = 16 << 10

// newError reads a refusal and closes its body. It removes our secrets from the
// registry's text.
func newError(gate *throttle.Host, resp *http.Response, now time.Time) *Error {
	defer resp.Body.Close()
	e := &Error{
		Method: resp.Request.Method, URL: throttle.Redact(resp.Request.URL, gate.Scrub), Host: gate.Name, Status: resp.StatusCode,
		RetryAfter: retry.After(resp.Header, now),
	}
	if offered := auth.Challenges(resp.Header); resp.StatusCode == http.StatusUnauthorized && len(offered) > 0 {
		e.Basic = !slices.ContainsFunc(offered, func(c auth.Challenge) bool { return c.Scheme != "basic" })
	}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	codes, message := body.Refusal(body.Unzip(resp.Header, data, maxErrorBody))
	for _, code := range codes {
		e.Codes = append(e.Codes, gate.Short(code, 60))
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		message = cmp.Or(message, redirection(resp))
	}
	e.Message = gate.Short(message, 200)
	return e
}

// redirection explains why a redirect of a write is not followed.
func redirection(resp *http.Response) string {
	to, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return ""
	}
	return "a redirect to " + to.Host + " that would not keep the method: not followed"
}
