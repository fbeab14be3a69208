package registry

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Error is a registry's answer that refuses a request.
type Error struct {
	Method string
	URL    string // without user information and query
	Host   string // the registry asked
	Status int
	// Codes are those of the error body, such as "MANIFEST_UNKNOWN"; Message is
	// the text of the first, cleaned for printing.
	Codes   []string
	Message string
	// Anonymous reports that no credential is configured for the repository.
	Anonymous bool
	// Basic reports that the registry refused a user and password as such (401 to
	// Basic authentication).
	Basic bool
	// RetryAfter is how long the registry asks to wait; 0 if it does not say.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.URL)
	if e.Status < 300 {
		b.WriteString("unexpected response ")
	}
	fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
	if len(e.Codes) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(e.Codes, ", "))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.Anonymous {
		b.WriteString("; asked anonymously: no credential configured")
	}
	return b.String()
}

// Has reports whether the registry gave one of the codes.
func (e *Error) Has(codes ...string) bool {
	return slices.ContainsFunc(e.Codes, func(have string) bool { return slices.Contains(codes, have) })
}

// StatusOf returns the status of a registry's refusal, 0 for other errors.
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// NotFound reports whether the registry answered that something does not exist.
func NotFound(err error) bool { return StatusOf(err) == http.StatusNotFound }

// Denied reports whether the registry refuses the credential. Many registries
// also answer that for a repository that does not exist.
func Denied(err error) bool {
	s := StatusOf(err)
	return s == http.StatusUnauthorized || s == http.StatusForbidden
}

// DigestError means that content does not have its digest. Where names its
// registry.
type DigestError struct {
	Where     string
	Want, Got string
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("%s has the wrong content: expected digest %s, got %s", e.Where, e.Want, e.Got)
}

// refusal is an error of our own: a retry would fail in the same way.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refusef(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// The reasons of an [AnswerError].
const (
	badList     = "invalid list"
	badRedirect = "invalid redirect"
	badUpload   = "invalid answer to an upload"
	tooLong     = "answer too long"
)

// AnswerError means that a registry's answer cannot be used. A retry does not
// help.
type AnswerError struct {
	Host   string
	Reason string // without the details of one request, such as "invalid redirect"
	text   string
}

// unusable returns an [AnswerError].
func unusable(host, reason, format string, args ...any) error {
	return &AnswerError{host, reason, fmt.Sprintf(format, args...)}
}

func (e *AnswerError) Error() string { return e.text }

// Failure implements [retry.Failed].
func (e *AnswerError) Failure(time.Time) retry.Failure { return retry.Failure{Kind: retry.Final} }

// StoreError means that the target of a registry's redirect refused a request.
// It says nothing about the registry or its credential.
type StoreError struct {
	Registry, Store string
	Answer          *Error // of the store
}

func (e *StoreError) Error() string {
	return fmt.Sprintf("%s redirects to %s, which returned an error: %v", e.Registry, e.Store, e.Answer)
}

// lostSession means that a registry no longer knows an upload that it opened.
type lostSession struct{ answer *Error }

func (e *lostSession) Error() string { return "the registry lost the upload: " + e.answer.Error() }
func (e *lostSession) Unwrap() error { return e.answer }

// Failure implements [retry.Failed].
func (e *Error) Failure(time.Time) retry.Failure {
	return retry.Failure{Kind: retry.Answered, Status: e.Status, After: e.RetryAfter}
}

// Failure implements [retry.Failed].
func (e *StoreError) Failure(now time.Time) retry.Failure {
	f := e.Answer.Failure(now)
	f.Kind = retry.Store
	return f
}

// Failure implements [retry.Failed].
func (e *lostSession) Failure(time.Time) retry.Failure { return retry.Failure{Kind: retry.Session} }

// Failure implements [retry.Failed].
func (r *refusal) Failure(time.Time) retry.Failure { return retry.Failure{Kind: retry.Final} }

// SizeError means that a blob is larger than [Options] allow.
type SizeError struct {
	Digest      digest.Digest
	Size, Limit int64 // in bytes
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("the blob %s has a size of %d bytes; the limit is %d", e.Digest, e.Size, e.Limit)
}

// LookupError means that there is a credential for a registry that cannot be
// read: an invalid entry of an auth file, or a helper that fails.
type LookupError struct {
	Host string
	text string
}

func (e *LookupError) Error() string { return e.text }

// Failure implements [retry.Failed].
func (e *LookupError) Failure(time.Time) retry.Failure { return retry.Failure{Kind: retry.Final} }

// TLSError means that the TLS settings of a registry cannot be used, such as those
// in a certificate file that cannot be read.
type TLSError struct {
	Host string
	Err  error
}

func (e *TLSError) Error() string { return "TLS settings of " + e.Host + ": " + e.Err.Error() }
func (e *TLSError) Unwrap() error { return e.Err }

// NoRegistry reports whether an error means that there is no registry at an
// address, or no way to it: the name does not exist, the answer is not HTTP, or
// a proxy refuses.
func NoRegistry(err error) bool {
	var name *net.DNSError
	var proxy *throttle.ProxyError
	return errors.As(err, &name) && name.IsNotFound || errors.As(err, new(*throttle.NoHTTPError)) ||
		errors.As(err, &proxy) && !throttle.Temporary(proxy.Status)
}

// Unavailable reports whether an error means that a registry or the network
// does not work now: 408, 425, 429, 5xx but 501, 505 and 507, and network
// errors other than those that would happen again in the same way.
func Unavailable(err error) bool {
	var source *SourceError
	if errors.As(err, &source) {
		err = source.Err
	}
	var down *throttle.DownError
	if errors.As(err, &down) {
		return true
	}
	var store *StoreError
	if errors.As(err, &store) {
		return throttle.Temporary(store.Answer.Status)
	}
	return retry.Judge(err, time.Time{}).Again
}

// ReasonLogin is the reason of a [CredentialError].
const ReasonLogin = "credential refused"

// Blame returns the host that an error is about and the reason without the
// details of one request: "503 Service Unavailable", "connection refused". Both
// are "" for an error that no registry caused.
func Blame(err error) (host, reason string) {
	var (
		answer  *Error
		status  *auth.Status
		network *throttle.NetworkError
		store   *StoreError
		bad     *CredentialError
		push    *PushError
		invalid *AnswerError
		entry   *LookupError
		setting *TLSError
	)
	switch {
	case errors.As(err, &invalid):
		return invalid.Host, invalid.Reason
	case errors.As(err, &entry):
		return entry.Host, "credential not readable"
	case errors.As(err, &setting):
		return setting.Host, "TLS settings not usable"
	case errors.As(err, &push):
		return push.Repository.Host, push.reason()
	case errors.As(err, &bad):
		return bad.Registry, ReasonLogin
	case errors.As(err, &store):
		return store.Store, text.Short(fmt.Sprintf("%d %s from the blob store of %s", store.Answer.Status, http.StatusText(store.Answer.Status), store.Registry), 80)
	case errors.As(err, &answer):
		reason = fmt.Sprintf("%d %s", answer.Status, http.StatusText(answer.Status))
		if answer.Anonymous {
			reason += " (asked anonymously)"
		}
		return answer.Host, text.Short(reason, 60)
	case errors.As(err, &status):
		return cmp.Or(status.Registry, status.Host), text.Short(fmt.Sprintf("%d %s from the token endpoint", status.Code, http.StatusText(status.Code)), 60)
	case errors.As(err, &network):
		return network.Host, network.Reason
	}
	return "", ""
}

// onTheWay turns an error of a registry's answer into one that is retried.
func (h *host) onTheWay(method string, target *url.URL, err error) error {
	return throttle.OnTheWay(method, target, err, h.gate.Scrub)
}
