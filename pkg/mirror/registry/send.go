package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/body"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// request is one request to a registry. With a stream it can be sent only once.
type request struct {
	kind   string // for the statistics, such as "manifest"; the method is put before it
	method string
	repo   Repository
	from   string   // a second repository that the token must be able to read
	path   string   // below /v2/REPOSITORY/
	query  string   // encoded
	url    *url.URL // absolute, instead of path: an upload URL of the registry
	header map[string]string
	body   []byte
	stream io.Reader
	length int64                                        // of the stream
	held   bool                                         // the caller holds the host's slot
	brief  bool                                         // and one of another host: throttle.ErrLater instead of a long wait
	expect []int                                        // other statuses are errors
	check  func(resp *http.Response, body []byte) error // of a body read whole
}

// once sends the request once (twice when a token has to be renewed) and
// returns an expected response, whose body the caller closes.
func (h *host) once(ctx context.Context, r request) (*http.Response, error) {
	req, err := h.build(ctx, r)
	if err != nil {
		return nil, err
	}
	resp, err := h.send.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if slices.Contains(r.expect, resp.StatusCode) {
		return resp, nil
	}
	answer := newError(h.gate, resp, h.opts.Clock.Now())
	if base := h.origin.base.Load(); base != nil && !sameMachine(base, resp.Request.URL) && r.url == nil && ofStore(r, resp.StatusCode) {
		return nil, &StoreError{h.gate.Name, h.gate.Scrub(resp.Request.URL.Host), answer}
	}
	if Denied(answer) {
		answer.Anonymous = h.authenticator.anonymous(ctx, r.repo.Path)
	}
	return nil, answer
}

// ofStore reports whether an answer of a redirect's target is about that
// target, and not the registry's own answer: a registry may redirect to another
// one which answers that a manifest does not exist.
func ofStore(r request, status int) bool {
	return r.kind == "blob" && r.method == http.MethodGet || status == http.StatusUnauthorized || status == http.StatusForbidden
}

// build makes the HTTP request of one attempt. Its URL names the registry; the
// layers fill in the address.
func (h *host) build(ctx context.Context, r request) (*http.Request, error) {
	target := r.url
	if target == nil {
		target = &url.URL{Scheme: "https", Host: h.gate.Name, Path: "/v2/" + r.repo.Path + "/" + r.path, RawQuery: r.query}
	}
	ctx = throttle.Work{Kind: r.kind, Repository: r.repo.Path, Held: r.held, Brief: r.brief}.Into(ctx)
	ctx = purpose{path: r.repo.Path, push: r.repo.Push, from: r.from}.into(ctx)
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), nil)
	if err != nil {
		return nil, unusable(h.gate.Name, badRedirect, "%s: invalid URL %s", h.gate.Name, throttle.Redact(target, h.gate.Scrub))
	}
	switch {
	case r.stream != nil && r.length > 0:
		req.Body, req.ContentLength = &streamBody{lock: make(chan struct{}, 1), r: r.stream}, r.length
	case len(r.body) > 0:
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		req.Body, _ = req.GetBody()
		req.ContentLength = int64(len(r.body))
	case r.method != http.MethodGet && r.method != http.MethodHead:
		req.Body = http.NoBody
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	return req, nil
}

// streamBody is a body that is not read any more after its request has been
// answered: a transport goes on reading after an early answer (such as 413),
// while the stream is needed for the next request.
type streamBody struct {
	lock chan struct{} // holds one element during a read
	r    io.Reader
	done bool
}

func (b *streamBody) Read(p []byte) (int, error) {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	if b.done {
		return 0, throttle.ErrAnswered
	}
	return b.r.Read(p)
}

func (b *streamBody) Close() error {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	b.done = true
	return nil
}

// whole sends the request, retries it, and reads the body, which may have at
// most limit bytes.
func (h *host) whole(ctx context.Context, r request, limit int64) (*http.Response, []byte, error) {
	var resp *http.Response
	var content []byte
	err := h.loop.Do(ctx, func() (err error) {
		if resp, err = h.once(ctx, r); err != nil {
			return err
		}
		defer resp.Body.Close()
		if r.method == http.MethodHead {
			return nil
		}
		within := h.memory.of(ctx, resp, limit)
		resp.Body = within
		defer within.release()
		if content, err = body.Read(resp, limit); errors.Is(err, body.ErrTooLong) {
			return unusable(h.gate.Name, tooLong, "%s %s: the response has more than %d bytes", r.method, throttle.Redact(resp.Request.URL, h.gate.Scrub), limit)
		}
		if err == nil && r.method == http.MethodGet && resp.ContentLength > 0 && !body.Zipped(resp.Header) && resp.ContentLength > int64(len(content)) {
			return h.onTheWay(r.method, resp.Request.URL, fmt.Errorf("%d of %d bytes", len(content), resp.ContentLength))
		}
		if err == nil && r.check != nil {
			err = r.check(resp, content)
		}
		return err
	})
	return resp, content, err
}
