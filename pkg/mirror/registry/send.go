package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
)

// request is one thing to ask of a registry. With a stream it can be sent only
// once.
type request struct {
	kind   string // for the statistics, such as "manifest"; the method is put before it
	method string
	repo   Repository
	from   string   // a second repository that the token must be able to read
	path   string   // below /v2/REPOSITORY/
	query  string   // encoded
	url    *url.URL // absolute, instead of path: where the registry sent us
	header map[string]string
	body   []byte
	stream io.Reader
	length int64                                        // of the stream
	held   bool                                         // the caller holds the host's slot already
	brief  bool                                         // and one of another host: errLater instead of a long wait
	expect []int                                        // other statuses are errors
	check  func(resp *http.Response, body []byte) error // of a body read whole
}

// once sends the request once (twice when a token has to be renewed) and
// returns an expected response, whose body the caller closes.
func (h *host) once(ctx context.Context, r request) (*http.Response, error) {
	release := func() {}
	if !r.held {
		if err := h.slot(ctx, h.limiter.acquire, r.repo.Path, 0); err != nil {
			return nil, err
		}
		release = func() { h.limiter.release(r.repo.Path) }
	}
	resp, err := h.inTurn(ctx, r)
	if err != nil {
		release()
		return nil, err
	}
	for _, code := range r.expect {
		if resp.StatusCode == code {
			h.limiter.succeeded()
			h.pace.faster(h.c.clock.Now())
			resp.Body = &slotBody{ReadCloser: resp.Body, release: release}
			return resp, nil
		}
	}
	answer := h.newError(resp.Request, resp)
	release()
	if Denied(answer) {
		cred, err := h.c.opts.Keychain.Lookup(ctx, h.name, r.repo.Path)
		answer.Anonymous = err == nil && cred.Anonymous()
	}
	return nil, answer
}

// inTurn sends when the host may be asked.
func (h *host) inTurn(ctx context.Context, r request) (*http.Response, error) {
	trying, err := h.breaker.pass(h.name, h.c.clock.Now())
	if err != nil {
		return nil, err
	}
	if err := h.turn(ctx, r.brief); err != nil {
		return nil, err
	}
	base, err := h.connect(ctx, trying)
	if err != nil {
		return nil, err
	}
	target := r.url
	if target == nil {
		target = &url.URL{Scheme: base.Scheme, Host: base.Host, Path: "/v2/" + r.repo.Path + "/" + r.path, RawQuery: r.query}
	}
	return h.authorized(ctx, base, target, r)
}

// authorized sends with the repository's credential; on a 401 it learns from
// the challenge, takes a new token or what a file holds by now, and tries once
// more, unless the body is gone.
func (h *host) authorized(ctx context.Context, base, target *url.URL, r request) (*http.Response, error) {
	for second := false; ; second = true {
		header, token, err := "", (*auth.Token)(nil), error(nil)
		if sameMachine(base, target) {
			header, token, err = h.authorization(ctx, base, r.repo, r.from)
		}
		if err != nil {
			return nil, err
		}
		resp, err := h.follow(ctx, base, target, r, header)
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		offered := auth.Challenges(resp.Header)
		if token != nil {
			h.forget(r.repo, r.from, *token)
		}
		h.challenged(offered)
		renewed := token != nil
		if token == nil && header != "" { // a file may hold another credential by now
			now, _, err := h.authorization(ctx, base, r.repo, r.from)
			renewed = err == nil && now != header
		}
		if second || len(offered) == 0 || (header != "" || r.stream != nil) && !renewed {
			return resp, nil
		}
		resp.Body.Close()
		if r.stream != nil {
			return nil, onTheWay(r.method, target.String(), errors.New("the credential expired, it is renewed"))
		}
	}
}

// sameMachine says whether a URL that the registry gave us for an upload is its
// own, on whatever port, so that our credential may go there.
func sameMachine(base, target *url.URL) bool {
	return strings.EqualFold(base.Hostname(), target.Hostname()) && (target.Scheme == base.Scheme || target.Scheme == "https")
}

const maxRedirects = 10

// follow sends and, for GET and HEAD, follows redirects. The Authorization
// header goes only to the scheme, host and port that it is meant for.
func (h *host) follow(ctx context.Context, base, target *url.URL, r request, authorization string) (*http.Response, error) {
	for hop := 0; ; hop++ {
		req, err := h.build(ctx, target, r)
		if err != nil {
			return nil, err
		}
		if authorization != "" && (hop == 0 || target.Scheme == base.Scheme && target.Host == base.Host) {
			req.Header.Set("Authorization", authorization)
		}
		kind := r.method + " " + r.kind
		if hop > 0 {
			kind += " (redirected)"
		}
		resp, err := h.roundTrip(req, kind)
		if err != nil {
			return nil, err
		}
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return resp, nil
		}
		if r.method != http.MethodGet && r.method != http.MethodHead {
			return resp, nil
		}
		location := resp.Header.Get("Location")
		resp.Body.Close()
		next, err := target.Parse(location)
		switch {
		case location == "" || err != nil || next.Host == "" || next.User != nil || next.Scheme != "https" && next.Scheme != "http":
			return nil, refusef("%s redirects %s to no usable place", h.name, redact(target.String()))
		case target.Scheme == "https" && next.Scheme == "http":
			return nil, refusef("%s redirects from https to plain http on %s, which is not followed", h.name, next.Host)
		case hop+1 >= maxRedirects:
			return nil, refusef("%s: more than %d redirects, the last one to %s", h.name, maxRedirects, redact(next.String()))
		}
		target = next
	}
}

func (h *host) build(ctx context.Context, target *url.URL, r request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), nil)
	if err != nil {
		return nil, refusef("%s: no usable URL %s", h.name, redact(target.String()))
	}
	switch {
	case r.stream != nil && r.length > 0:
		req.Body, req.ContentLength = &streamBody{lock: make(chan struct{}, 1), r: r.stream}, r.length
	case len(r.body) > 0:
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
	case r.method != http.MethodGet && r.method != http.MethodHead:
		req.Body, req.ContentLength = http.NoBody, 0
		req.Header.Set("Content-Length", "0")
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	return req, nil
}

// roundTrip sends one HTTP request, counts it, and ends it when too little
// moves.
func (h *host) roundTrip(req *http.Request, kind string) (*http.Response, error) {
	req.Header.Set("User-Agent", h.c.opts.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	parent := req.Context()
	ctx, cancel := context.WithCancelCause(parent)
	idle := h.c.opts.Idle
	if kind == "GET ping" {
		idle = min(idle, pingTime)
	}
	watch := newWatch(idle, cancel)
	req = req.WithContext(ctx)
	question := &questionBody{ReadCloser: req.Body, watch: watch}
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = question
	}
	transport := h.c.secure
	if h.mayBeInsecure && req.URL.Hostname() == hostname(h.name) {
		transport = h.c.insecure
	}
	TallyOf(parent).request()
	h.total.request()
	began := h.c.clock.Now()
	resp, err := transport.RoundTrip(req)
	if req.Body != nil {
		req.Body.Close()
	}
	watch.rest(0, true)
	h.stats.moved(0, question.sent.Load())
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		h.stats.request(kind, 0)
		if parent.Err() != nil {
			return nil, context.Cause(parent)
		}
		err = onTheWay(req.Method, req.URL.String(), err)
		if !question.broke.Load() {
			h.health(began, err, false)
		}
		return nil, err
	}
	h.stats.request(kind, resp.StatusCode)
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests || code >= 500 && temporaryStatus(code):
		h.health(began, &Error{Method: req.Method, URL: redact(req.URL.String()), Host: h.name, Status: code}, code == http.StatusTooManyRequests)
	default:
		h.health(began, nil, false)
		h.total.success()
		TallyOf(parent).success()
	}
	resp.Body = &answerBody{
		ReadCloser: resp.Body, watch: watch,
		moved: func(n int) { h.stats.moved(int64(n), 0) },
		failed: func(err error) error {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return onTheWay(req.Method, req.URL.String(), err)
		},
		closed: func() { cancel(nil) },
	}
	return resp, nil
}

var errAnswered = errors.New("the request has its answer already")

// streamBody is a body that nobody reads any more once its request is
// answered: a transport goes on reading after an early answer (such as 413),
// while the stream is needed for the next request.
type streamBody struct {
	lock chan struct{} // holds one thing while somebody reads
	r    io.Reader
	done bool
}

func (b *streamBody) Read(p []byte) (int, error) {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	if b.done {
		return 0, errAnswered
	}
	return b.r.Read(p)
}

func (b *streamBody) Close() error {
	b.lock <- struct{}{}
	defer func() { <-b.lock }()
	b.done = true
	return nil
}

func hostname(name string) string {
	u := url.URL{Host: name}
	return u.Hostname()
}

// slotBody gives the host's slot back when the response is done with.
type slotBody struct {
	io.ReadCloser
	release func()
}

func (b *slotBody) Close() error {
	err := b.ReadCloser.Close()
	if b.release != nil {
		b.release()
		b.release = nil
	}
	return err
}

// whole sends the request, tries again what may be tried again, and reads the
// body, which may have at most limit bytes.
func (h *host) whole(ctx context.Context, r request, limit int64) (*http.Response, []byte, error) {
	var resp *http.Response
	var body []byte
	err := h.retry(ctx, func() (err error) {
		resp, err = h.once(ctx, r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
		if err == nil && int64(len(body)) > limit {
			return refusef("%s %s: the answer has more than %d bytes", r.method, redact(resp.Request.URL.String()), limit)
		}
		if err == nil && r.method == http.MethodGet && resp.ContentLength > int64(len(body)) {
			return onTheWay(r.method, resp.Request.URL.String(), fmt.Errorf("%d of %d bytes", len(body), resp.ContentLength))
		}
		if err == nil && r.check != nil {
			err = r.check(resp, body)
		}
		return err
	})
	return resp, body, err
}
