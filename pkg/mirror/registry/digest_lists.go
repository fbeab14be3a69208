package registry

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/body"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Listings controls the requests, outside the protocol, for the digests of many
// tags at once. See [Client.Listed].
type Listings struct {
	Off bool
	// Token returns the API token for a Quay host, or "", which is enough for
	// public repositories.
	Token func(host string) (string, error)
	// Streams returns the OpenShift API with the image streams of a registry,
	// or nil.
	Streams func(host string) *StreamsAPI
}

// StreamsAPI is the API of an OpenShift cluster, for its image streams.
type StreamsAPI struct {
	Server *url.URL               // such as https://api.example.com:6443; it is trusted as a registry of that host
	Token  func() (string, error) // of a service account that may get image streams; nil: anonymous
}

// Listed is the entry of a list for a tag.
type Listed struct {
	Digest digest.Digest
	By     string // ListedByQuay, ListedByGoogle or ListedByStream
}

// The kinds of lists.
const (
	ListedByQuay   = "quay"
	ListedByGoogle = "google"
	ListedByStream = "imagestream"
)

// Lists are read only if that costs less than a request for each tag.
const (
	listFrom    = 3   // wanted tags of a repository
	listTries   = 3   // requests for one list, if it is answered with 429
	limitTries  = 5   // the same, if the registry limits other requests, too
	listsFailed = 3   // lists in a row that could not be read; after that, none is requested
	quayPage    = 100 // tags, the maximum of Quay
	listingTime = 10 * time.Second
)

// digestLists are the lists, with digests, of one registry.
type digestLists struct {
	host    *host
	direct  http.RoundTripper                            // the layers without credential and redirects
	reach   func(host string) (http.RoundTripper, error) // the transport to any host
	started time.Time                                    // older lists are not trusted
	form    form

	mu      sync.Mutex
	repos   map[string]*listing
	balance int           // requests saved minus requests spent
	flying  int           // lists being read
	changed chan struct{} // closed when one of them ends
	has     presence      // whether the registry has such lists
	failed  int           // lists that could not be read since the last one that could
}

// presence is whether a registry has lists.
type presence int

const (
	listsUnknown presence = iota
	noLists               // or none that can be read
	someLists             // one has been read
)

// form reads a list for the wanted tags of a repository. has reports whether
// the registry has lists of that form, ok whether this repository has one.
type form func(ctx context.Context, repo Repository, w *wanted) (has, ok bool)

// listing is the list of one repository.
type listing struct {
	done chan struct{}
	tags map[string]Listed
}

// wanted are the tags for which a list is read.
type wanted struct {
	by      string
	left    map[string]bool
	found   map[string]Listed
	doubted map[string]bool
}

// want returns the wanted tags, none of them found yet.
func want(tags []string) *wanted {
	w := &wanted{left: make(map[string]bool, len(tags)), found: map[string]Listed{}, doubted: map[string]bool{}}
	for _, tag := range tags {
		w.left[tag] = true
	}
	return w
}

func (w *wanted) see(tag string, d digest.Digest, sure bool) {
	_, again := w.found[tag]
	switch {
	case again || w.doubted[tag] || !sure || d.Validate() != nil:
		delete(w.found, tag)
		w.doubted[tag] = true
	case w.left[tag]:
		w.found[tag] = Listed{d, w.by}
	}
}

func newDigestLists(h *host, direct http.RoundTripper, reach func(host string) (http.RoundTripper, error), started time.Time) *digestLists {
	l := &digestLists{host: h, direct: direct, reach: reach, started: started, repos: map[string]*listing{}, balance: 1, changed: make(chan struct{})}
	streams := h.opts.Listings.Streams
	switch {
	case streams != nil && streams(h.gate.Name) != nil:
		l.form = l.streams(streams(h.gate.Name))
	case ofGoogle(h.gate.Name):
		l.form = l.google
	default:
		l.form = l.quay
	}
	return l
}

// ofGoogle guesses that a host is one of Google's registries, whose list of
// tags has the digests; the answer shows whether that is right.
func ofGoogle(host string) bool {
	return host == "gcr.io" || strings.HasSuffix(host, ".gcr.io") || strings.HasSuffix(host, ".pkg.dev")
}

func (l *digestLists) listed(ctx context.Context, repo Repository, tags []string) map[string]Listed {
	l.mu.Lock()
	one, ok := l.repos[repo.Path]
	if ok {
		l.mu.Unlock()
		select {
		case <-one.done:
		case <-ctx.Done():
		}
		return one.read()
	}
	l.mu.Unlock()
	if len(tags) < listFrom || !l.begin(ctx) {
		return nil
	}
	w := want(tags)
	if len(w.left) < listFrom {
		l.end(1)
		return nil
	}
	l.mu.Lock()
	if _, ok = l.repos[repo.Path]; ok { // another goroutine was faster
		l.mu.Unlock()
		l.end(1)
		return l.listed(ctx, repo, tags)
	}
	one = &listing{done: make(chan struct{})}
	l.repos[repo.Path] = one
	l.mu.Unlock()
	has, ok := l.form(ctx, repo, w)
	if ok {
		one.tags = w.found
	}
	close(one.done)
	l.learn(has, ok)
	l.end(len(one.tags))
	l.host.gate.Stats.Listed(len(one.tags))
	return one.read()
}

// read returns the digests of the list, or nil if it has not been read yet.
func (one *listing) read() map[string]Listed {
	select {
	case <-one.done:
		return one.tags
	default:
		return nil
	}
}

// begin spends a request on a list, if earlier lists saved enough, or this is
// the first. While others are being read, it waits for what they save.
func (l *digestLists) begin(ctx context.Context) bool {
	for {
		l.mu.Lock()
		switch {
		case l.has == noLists:
			l.mu.Unlock()
			return false
		case l.balance > 0:
			l.balance--
			l.flying++
			l.mu.Unlock()
			return true
		case l.flying == 0:
			l.mu.Unlock()
			return false
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// learn records what a form reported about the registry.
func (l *digestLists) learn(has, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ok:
		l.has, l.failed = someLists, 0
		return
	case has:
		return
	}
	switch l.failed++; {
	case l.failed >= listsFailed, l.has == listsUnknown && !l.limited():
		l.has = noLists
	case l.has == listsUnknown:
		l.balance = 1 // for the next list
	}
}

func (l *digestLists) end(saved int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance += saved
	l.flying--
	close(l.changed)
	l.changed = make(chan struct{})
}

// spend counts another request for the same list.
func (l *digestLists) spend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.balance--
}

// tries returns how often a list may be requested that is answered with 429. One
// more request is little beside what the list saves, but it costs the other
// requests their time.
func (l *digestLists) tries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.has == noLists:
		return 1
	case l.limited():
		return limitTries
	}
	return listTries
}

// limited reports whether the registry limits other requests, too.
func (l *digestLists) limited() bool { return l.host.gate.Stats.LimitedBesides("GET listing") }

// fresh reports whether an answer is not older than the run. A cache sends its
// Age in whole seconds, or keeps the Date of the original answer. A Date is
// compared with the clock of the registry, not with ours.
func (l *digestLists) fresh(resp *http.Response) bool {
	o := l.host.origin
	if base, first := o.base.Load(), o.first.Load(); first != nil && base != nil && resp.Request != nil && resp.Request.URL.Host == base.Host {
		if made, err := http.ParseTime(resp.Header.Get("Date")); err == nil && made.Before(*first) {
			return false
		}
	}
	age := strings.TrimSpace(resp.Header.Get("Age"))
	if age == "" {
		return true
	}
	seconds, err := strconv.ParseUint(age, 10, 31)
	made := l.host.opts.Clock.Now().Add(-time.Duration(seconds+1) * time.Second)
	return err == nil && !made.Before(l.started)
}

// get requests a list, once, except that it retries a few answers 429: a list then
// saves all the more. It does not follow redirects.
func (l *digestLists) get(ctx context.Context, send http.RoundTripper, target *url.URL, repo Repository, token string) (resp *http.Response, data []byte, err error) {
	var failed error
	tried := 0
	err = l.host.loop.Do(ctx, func() error {
		resp, data, failed = l.once(ctx, send, target, repo, token)
		if tried++; failed == nil && resp.StatusCode == http.StatusTooManyRequests && tried < l.tries() {
			l.spend()
			resp.Body = http.NoBody
			return newError(l.host.gate, resp, l.host.opts.Clock.Now())
		}
		return nil
	})
	return resp, data, cmp.Or(err, failed)
}

var errLate = errors.New("the list took too long")

// once requests a list. The time that an answer may take begins when the request
// is sent, because it may have to wait for its turn like any other.
func (l *digestLists) once(ctx context.Context, send http.RoundTripper, target *url.URL, repo Repository, token string) (*http.Response, []byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(listingTime, func() { cancel(errLate) })
	late.Stop()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: func(string) { late.Reset(listingTime) }})
	defer late.Stop()
	ctx = throttle.Work{Kind: "listing", Repository: repo.Path}.Into(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Accept", "application/json")
	if token != "" {
		l.host.authenticator.secrets.Learn(token)
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := send.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	data, err := body.Read(resp, maxPage)
	return resp, data, err
}
