package registry

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// Error is an answer of a registry that means no.
type Error struct {
	Method string
	URL    string // without user information and query
	Host   string // the registry asked
	Status int
	// Codes are those of the error body, such as "MANIFEST_UNKNOWN"; Message is
	// the text of the first, cleaned for printing.
	Codes   []string
	Message string
	// Anonymous says that the registry refused somebody who has no credential
	// for the repository.
	Anonymous bool
	// RetryAfter is how long the registry wants to be left alone; 0 when it did
	// not say.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if len(e.Codes) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(e.Codes, ", "))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Anonymous {
		b.WriteString("; it was asked without a credential, there is none for it")
	}
	return b.String()
}

// Has says whether the registry gave one of the codes.
func (e *Error) Has(codes ...string) bool {
	for _, have := range e.Codes {
		for _, want := range codes {
			if have == want {
				return true
			}
		}
	}
	return false
}

// StatusOf gives the status with which a registry refused, 0 for other errors.
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// NotFound says whether the registry answered that it has no such thing.
func NotFound(err error) bool { return StatusOf(err) == http.StatusNotFound }

// Denied says whether the registry wants other credentials. Many registries
// answer so, too, for a repository that does not exist.
func Denied(err error) bool {
	s := StatusOf(err)
	return s == http.StatusUnauthorized || s == http.StatusForbidden
}

// DigestError says that content is not what its digest says. Where tells whose.
type DigestError struct {
	Where     string
	Want, Got string
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s has the wrong content: its digest should be %s and is %s", e.Where, e.Want, e.Got)
}

// refusal is an error of our own making: trying again gives the same.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refusef(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// Temporary says whether trying again may help: Unavailable is true, and it was
// not tried often enough already.
func Temporary(err error) bool {
	var (
		source *SourceError
		down   *DownError
		spent  *spentError
	)
	if errors.As(err, &source) || errors.As(err, &down) || errors.As(err, &spent) {
		return false
	}
	return Unavailable(err)
}

// Unavailable says whether an error means that a registry or the way to it does
// not work now: 408, 425, 429, 5xx but 501 and 505, and everything that goes
// wrong on the way to a registry except what would go wrong again in the same
// way.
func Unavailable(err error) bool {
	var (
		answer  *Error
		status  *auth.Status
		refused *refusal
		cert    *tls.CertificateVerificationError
		network *networkError
	)
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return false
	case errors.As(err, &answer):
		return temporaryStatus(answer.Status)
	case errors.As(err, &status):
		return temporaryStatus(status.Code)
	case errors.As(err, &refused), errors.As(err, &cert), errors.Is(err, auth.ErrRealm):
		return false
	}
	return errors.As(err, &network) // a [DigestError] in one: bytes that went wrong on the way
}

func temporaryStatus(code int) bool {
	switch code {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return code >= 500
}

// networkError is what went wrong on the way, without the URL that net/http
// would put into its text (its query may hold a secret).
type networkError struct {
	method, url, host string
	err               error
}

func (e *networkError) Error() string { return e.method + " " + e.url + ": " + e.err.Error() }
func (e *networkError) Unwrap() error { return e.err }

func onTheWay(method, target string, err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
		wrapped = nil
	}
	host := ""
	if u, err := url.Parse(target); err == nil {
		host = u.Host
	}
	return &networkError{method, redact(target), host, err}
}

// Blame says which host an error is about and, without what is particular to
// one request, why: "503 Service Unavailable", "connection refused". Both are
// "" for an error that is of no registry's making.
func Blame(err error) (host, reason string) {
	var (
		answer  *Error
		status  *auth.Status
		network *networkError
	)
	switch {
	case errors.As(err, &answer):
		reason = fmt.Sprintf("%d %s", answer.Status, http.StatusText(answer.Status))
		if answer.Anonymous {
			reason += ", asked without a credential"
		}
		return answer.Host, clean(reason, 60)
	case errors.As(err, &status):
		return status.Host, clean(fmt.Sprintf("%d %s from the token endpoint", status.Code, http.StatusText(status.Code)), 60)
	case errors.As(err, &network):
		innermost := network.err
		for next := errors.Unwrap(innermost); next != nil; next = errors.Unwrap(innermost) {
			innermost = next
		}
		return network.host, clean(innermost.Error(), 60)
	}
	return "", ""
}

// maxErrorBody is how much of an error's body is read.
const maxErrorBody = 16 << 10

// newError reads a refusal and closes its body. What the registry says of our
// secrets is left out.
func (h *host) newError(req *http.Request, resp *http.Response) *Error {
	defer resp.Body.Close()
	e := &Error{
		Method: req.Method, URL: redact(req.URL.String()), Host: h.name, Status: resp.StatusCode,
		RetryAfter: retryAfter(resp.Header.Get("Retry-After"), h.c.clock.Now()),
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var answer struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &answer) == nil {
		for i, one := range answer.Errors {
			if i == 4 {
				break
			}
			e.Codes = append(e.Codes, h.told(one.Code, 60))
			if e.Message == "" {
				e.Message = h.told(one.Message, 200)
			}
		}
	} else if text := strings.TrimSpace(string(body)); !strings.HasPrefix(text, "<") {
		e.Message = h.told(text, 200)
	}
	return e
}

// told makes what a registry says fit to print.
func (h *host) told(text string, limit int) string { return clean(h.c.secrets.scrub(text), limit) }

// redact takes from a URL what may be secret.
func redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(unreadable URL)"
	}
	return clean((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), 300)
}

// clean makes foreign text fit to print: no control characters, not long.
func clean(s string, limit int) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= limit {
			b.WriteString("…")
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}
