package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Session is an upload that a registry has opened for us.
type Session struct {
	at       *url.URL
	minChunk int64
}

// Mount asks a registry to make a blob of the repository from available in
// repo. When it does not, session may hold an upload opened instead, and err
// says why when the registry refused; then the blob has to be sent.
func (c *Client) Mount(ctx context.Context, repo Repository, from string, d digest.Digest) (mounted bool, session *Session, err error) {
	h := c.host(repo.Host)
	r := request{
		kind: "mount", method: http.MethodPost, repo: repo, from: from,
		path: "blobs/uploads/", query: encode("mount", string(d), "from", from),
		expect: []int{http.StatusCreated, http.StatusAccepted},
	}
	if from == repo.Path {
		r.from = "" // the repository's own token will do
	}
	var refused error
	err = h.retry(ctx, func(int) error {
		resp, err := h.once(ctx, r)
		if err != nil {
			if s := StatusOf(err); s != 0 && s != http.StatusTooManyRequests && s != http.StatusServiceUnavailable {
				refused = err
				return nil
			}
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusCreated {
			mounted = true
			return nil
		}
		session, _ = h.session(resp) // without a usable Location a new one is opened
		return nil
	})
	return mounted, session, errors.Join(err, refused)
}

// session reads where an upload goes on. The specification allows a relative
// and an absolute Location; a registry behind a proxy may lose its port or its
// scheme there, and on its own host we know better.
func (h *host) session(resp *http.Response) (*Session, error) {
	location := resp.Header.Get("Location")
	base := h.base.Load()
	at, err := resp.Request.URL.Parse(location)
	if location == "" || err != nil || at.Host == "" || at.User != nil || at.Scheme != "https" && at.Scheme != "http" {
		return nil, refusef("%s opens an upload without saying where", h.name)
	}
	if strings.EqualFold(at.Hostname(), base.Hostname()) {
		if at.Port() == "" || base.Scheme == "https" && at.Scheme == "http" {
			at.Host, at.Scheme = base.Host, base.Scheme
		}
	} else if base.Scheme == "https" && at.Scheme == "http" {
		return nil, refusef("%s sends an upload over plain http to %s, which is not followed", h.name, at.Host)
	}
	s := &Session{at: at}
	fmt.Sscanf(resp.Header.Get("OCI-Chunk-Min-Length"), "%d", &s.minChunk)
	return s, nil
}

// openUpload starts a session; held says that the caller has the host's slot.
func (h *host) openUpload(ctx context.Context, repo Repository, held bool) (*Session, error) {
	resp, err := h.once(ctx, request{
		kind: "upload", method: http.MethodPost, repo: repo, path: "blobs/uploads/", held: held,
		expect: []int{http.StatusAccepted},
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return h.session(resp)
}

// SourceError says that a blob could not be had from its source; Err is why.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return "reading the blob: " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

// CopyBlob streams a blob from one repository to another, hashing it on the
// way. session is an upload opened already, or nil. A registry that does not
// take the blob in one piece gets it in chunks. The error is a [*SourceError]
// when the source is to blame.
func (c *Client) CopyBlob(ctx context.Context, to Repository, desc Descriptor, from Repository, session *Session) error {
	h := c.host(to.Host)
	wrong := ""
	return h.retry(ctx, func(attempt int) error {
		if attempt > 1 {
			session = nil
			if has, err := c.HasBlob(ctx, to, desc.Digest); err == nil && has {
				return nil // the answer was lost, not the blob
			}
		}
		err := c.upload(ctx, h, to, desc, from, session)
		var bad *DigestError
		if errors.As(err, &bad) && bad.Got != wrong && attempt == 1 {
			// Bytes may go wrong on the way: read them once more.
			wrong = bad.Got
			return onTheWay(http.MethodGet, from.String(), errors.New(bad.Error()))
		}
		return err
	})
}

func (c *Client) upload(ctx context.Context, h *host, to Repository, desc Descriptor, from Repository, session *Session) (err error) {
	if session == nil {
		if session, err = h.openUpload(ctx, to, false); err != nil {
			return err
		}
	}
	release, err := c.both(ctx, from, to, desc.Size)
	if err != nil {
		return err
	}
	defer release()
	source := c.newBlobReader(ctx, from, desc)
	defer source.Close()
	if desc.Size > 0 && source.body == nil {
		if err := source.start(); err != nil {
			return &SourceError{err}
		}
	}
	err = h.send(ctx, to, desc, source, session)
	if source.err != nil {
		return &SourceError{source.err}
	}
	return err
}

// start opens the download before anything is sent to the destination.
func (b *blobReader) start() error {
	for b.body == nil && b.err == nil {
		if err := b.open(); err != nil {
			b.again(err)
		}
	}
	return b.err
}

// both takes a slot on the source's and the destination's host, in an order
// that all transfers share, so that none waits for another in a circle.
func (c *Client) both(ctx context.Context, a, b Repository, size int64) (release func(), err error) {
	if b.Host < a.Host {
		a, b = b, a
	}
	first, second := c.host(a.Host), c.host(b.Host)
	if err := first.slot(ctx, a.Path, size); err != nil {
		return nil, err
	}
	if first == second {
		return func() { first.limiter.release(a.Path) }, nil
	}
	if err := second.slot(ctx, b.Path, size); err != nil {
		first.limiter.release(a.Path)
		return nil, err
	}
	return func() { first.limiter.release(a.Path); second.limiter.release(b.Path) }, nil
}

const (
	// onePiece is the largest blob sent in one request: registries in front of
	// object stores end at 5 GiB.
	onePiece = 5<<30 - 1
	// chunkSize is the size of a chunk, and a quarter of it each time that even
	// that is refused as too large.
	chunkSize    = 64 << 20
	minChunkSize = 1 << 20
)

// send sends the blob: in one piece, or in chunks when it is too large for the
// specification of others or the host has said so.
func (h *host) send(ctx context.Context, to Repository, desc Descriptor, source *blobReader, session *Session) error {
	if h.chunk.Load() == 0 && desc.Size <= onePiece {
		err := h.commit(ctx, to, desc, source, desc.Size, session)
		if StatusOf(err) != http.StatusRequestEntityTooLarge || source.err != nil {
			return err
		}
		h.chunk.CompareAndSwap(0, chunkSize)
		source.seek(0)
		if session, err = h.openUpload(ctx, to, true); err != nil {
			return err
		}
	}
	for {
		size := max(h.chunk.Load(), session.minChunk)
		if size == 0 {
			size = max(chunkSize, session.minChunk)
		}
		next, err := h.patch(ctx, to, desc, source, size, session)
		if StatusOf(err) == http.StatusRequestEntityTooLarge && size/4 >= max(minChunkSize, session.minChunk) && source.err == nil {
			h.chunk.Store(size / 4)
			source.seek(0)
			if session, err = h.openUpload(ctx, to, true); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		session = next
		if source.pos == desc.Size {
			return h.commit(ctx, to, desc, source, 0, session)
		}
	}
}

// patch sends one chunk and sets the source to where the registry wants to go on.
func (h *host) patch(ctx context.Context, to Repository, desc Descriptor, source *blobReader, size int64, session *Session) (*Session, error) {
	start := source.pos
	n := min(size, desc.Size-start)
	resp, err := h.once(ctx, request{
		kind: "chunk", method: http.MethodPatch, repo: to, url: session.at, held: true,
		stream: io.LimitReader(source, n), length: n,
		header: map[string]string{
			"Content-Type":  "application/octet-stream",
			"Content-Range": fmt.Sprintf("%d-%d", start, start+n-1),
		},
		expect: []int{http.StatusAccepted, http.StatusCreated, http.StatusNoContent},
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	next, err := h.session(resp)
	if err != nil {
		next = session // a registry that keeps the place need not say so
	}
	if taken, known := acceptedRange(resp); known && taken != source.pos {
		if taken > source.pos || taken <= start && start > 0 && n > 0 {
			return nil, onTheWay("PATCH", session.at.String(), fmt.Errorf("the registry has %d bytes of %d sent", taken, source.pos))
		}
		source.seek(taken)
	}
	return next, nil
}

// commit ends an upload with its digest and the last n bytes.
func (h *host) commit(ctx context.Context, to Repository, desc Descriptor, source *blobReader, n int64, session *Session) error {
	at := *session.at
	query := at.Query()
	query.Set("digest", string(desc.Digest))
	at.RawQuery = query.Encode()
	r := request{
		kind: "blob", method: http.MethodPut, repo: to, url: &at, held: true,
		expect: []int{http.StatusCreated, http.StatusOK, http.StatusNoContent, http.StatusAccepted},
	}
	if n > 0 {
		r.stream, r.length = source, n
		r.header = map[string]string{"Content-Type": "application/octet-stream"}
	}
	resp, err := h.once(ctx, r)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated { // not what the specification has for success: look
		if has, err := h.hasBlob(ctx, to, desc.Digest, true); err != nil || !has {
			return errors.Join(err, onTheWay(http.MethodPut, at.String(), fmt.Errorf("the registry says %s and has not taken the blob", resp.Status)))
		}
	}
	got := digest.Digest(resp.Header.Get("Docker-Content-Digest"))
	if got.Validate() == nil && got.Algorithm() == desc.Digest.Algorithm() && got != desc.Digest {
		return &DigestError{Where: "what " + to.String() + " made of the blob", Want: string(desc.Digest), Got: string(got)}
	}
	return nil
}
