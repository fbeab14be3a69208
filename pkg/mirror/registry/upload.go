package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// opened are the answers to a request for an upload; the specification knows
// 202, and 201 for a mount.
var opened = []int{http.StatusAccepted, http.StatusCreated, http.StatusOK, http.StatusNoContent}

// Session is an upload that a registry has opened for us.
type Session struct {
	at       *url.URL
	minChunk int64
}

// Mount makes a blob of the repository from available in repo. If the registry
// does not mount it, session may hold an upload that it opened instead, and err
// is the reason if the registry refused or could not be reached; then the blob
// has to be sent.
func (bs *Blobs) Mount(ctx context.Context, repo Repository, from string, d digest.Digest) (mounted bool, session *Session, err error) {
	h := bs.all.host(repo.Host)
	r := request{
		kind: "mount", method: http.MethodPost, repo: repo, from: from,
		path: "blobs/uploads/", query: url.Values{"mount": {string(d)}, "from": {from}}.Encode(),
		expect: opened,
	}
	if from == repo.Path {
		r.from = "" // the repository's own token will do
	}
	err = h.loop.Do(ctx, func() error {
		resp, err := h.once(ctx, r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusCreated {
			mounted = true
			h.wrote.note(repo.Path, d, h.opts.Clock.Now())
			return nil
		}
		session, _ = h.session(resp) // without a usable Location a new one is opened
		return nil
	})
	return mounted, session, err
}

// session returns where an upload continues. The specification allows a
// relative and an absolute Location; a registry behind a proxy may lose its
// port or its scheme there, but we know both for its own host.
func (h *host) session(resp *http.Response) (*Session, error) {
	location := resp.Header.Get("Location")
	base := h.origin.base.Load()
	at, err := resp.Request.URL.Parse(location)
	if location == "" || err != nil || at.Host == "" || at.User != nil || at.Scheme != "https" && at.Scheme != "http" {
		return nil, unusable(h.gate.Name, badUpload, "%s returned %s without a Location that an upload can use", h.gate.Name, resp.Status)
	}
	if strings.EqualFold(at.Hostname(), base.Hostname()) {
		if at.Port() == "" || base.Scheme == "https" && at.Scheme == "http" {
			at.Host, at.Scheme = base.Host, base.Scheme
		}
	} else if base.Scheme == "https" && at.Scheme == "http" {
		return nil, unusable(h.gate.Name, badRedirect, "%s redirects an upload to plain http on %s: not followed", h.gate.Name, at.Host)
	}
	s := &Session{at: at}
	fmt.Sscanf(resp.Header.Get("OCI-Chunk-Min-Length"), "%d", &s.minChunk)
	return s, nil
}

// closing returns the URL that ends the upload of a blob. The query of a
// session is opaque: it is sent back unchanged.
func (s *Session) closing(d digest.Digest) *url.URL {
	at := *s.at
	if at.RawQuery != "" {
		at.RawQuery += "&"
	}
	at.RawQuery += "digest=" + url.QueryEscape(string(d))
	return &at
}

// openUpload opens a session; held reports whether the caller has the host's
// slot.
func (h *host) openUpload(ctx context.Context, repo Repository, held bool) (s *Session, err error) {
	err = h.loop.Do(ctx, func() error {
		resp, err := h.once(ctx, request{
			kind: "upload", method: http.MethodPost, repo: repo, path: "blobs/uploads/", held: held,
			expect: opened,
		})
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		s, err = h.session(resp)
		return err
	})
	return s, retry.Enough(err)
}

// SourceError means that a blob could not be read from its source; Err is why.
type SourceError struct{ Err error }

func (e *SourceError) Error() string { return "reading the blob: " + e.Err.Error() }
func (e *SourceError) Unwrap() error { return e.Err }

// Failure implements [retry.Failed]: the source was retried already.
func (e *SourceError) Failure(time.Time) retry.Failure { return retry.Failure{Kind: retry.Final} }

// CopyBlob streams a blob from one repository to another, hashing it on the
// way. session is an open upload, or nil. A registry that refuses the blob in
// one piece gets it in chunks. A broken upload continues from what the registry
// has, or starts again. The error is a [*SourceError] if the source caused it.
func (bs *Blobs) CopyBlob(ctx context.Context, to Repository, desc ocispec.Descriptor, from Repository, session *Session) error {
	if desc.Size > bs.all.opts.MaxBlob {
		return &SizeError{Digest: desc.Digest, Size: desc.Size, Limit: bs.all.opts.MaxBlob}
	}
	u := &upload{h: bs.all.host(to.Host), to: to, desc: desc, from: from, session: session, source: bs.newBlobReader(ctx, from, desc)}
	defer u.source.Close()
	wrong := ""
	return u.h.loop.Do(ctx, func() error {
		err := u.attempt(ctx)
		for err != nil && u.source.resume() {
			err = u.attempt(ctx)
		}
		var bad *DigestError
		if errors.As(err, &bad) && bad.Got != wrong {
			// Bytes may be damaged in transfer: they are read until the same
			// come twice.
			wrong = bad.Got
			err = u.h.onTheWay(http.MethodGet, u.source.place(), bad)
			if u.source.err == nil { // the destination changed the bytes
				err = u.h.onTheWay(http.MethodPut, u.session.at, bad)
			}
			u.session, u.source = nil, bs.newBlobReader(ctx, from, desc)
			return err
		}
		return err
	})
}

// upload is one upload of a blob.
type upload struct {
	h        *host
	to, from Repository
	desc     ocispec.Descriptor
	source   *blobReader
	session  *Session
	begun    bool // something was sent
	lost     int  // sessions that the registry forgot
}

// resumeFrom is the size in bytes from which a broken upload is resumed instead
// of sent again.
const resumeFrom = 1 << 20

func (u *upload) attempt(ctx context.Context) error {
	at := int64(0)
	if u.begun {
		has, err := u.h.hasBlob(ctx, u.to, u.desc.Digest, false)
		if err != nil || has {
			return retry.Enough(err) // the answer was lost, not the blob
		}
		if at = u.accepted(ctx); at == 0 {
			u.session = nil
		}
	}
	if u.session == nil {
		session, err := u.h.openUpload(ctx, u.to, false)
		if err != nil {
			return err
		}
		u.session = session
	}
	release, err := throttle.Both(ctx, u.source.h.gate, u.h.gate, u.from.Path, u.to.Path, u.desc.Size)
	if err != nil {
		return err
	}
	defer release()
	defer u.source.Close()
	u.source.seek(at)
	if u.source.offset() < u.desc.Size { // before anything is sent to the destination
		if err = u.source.open(); err != nil {
			u.source.failed(err)
		}
	}
	if err == nil {
		u.begun = true
		err = u.send(ctx, at)
	}
	if u.source.err != nil {
		return &SourceError{u.source.err}
	}
	if err = forgotten(err); errors.As(err, new(*lostSession)) {
		u.session = nil
		u.lost++
	}
	return err
}

// forgotten returns a [lostSession] for a registry's answer that it does not
// know an upload. Some tell it by the status, some by a code, some only in
// words.
func forgotten(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case http.StatusNotFound, http.StatusGone, http.StatusRequestedRangeNotSatisfiable:
		return &lostSession{e}
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		if e.Has("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UNKNOWN") ||
			says(e, "upload", "session") && says(e, "unknown", "not found", "expired", "does not exist", "no such") {
			return &lostSession{e}
		}
	}
	return err
}

// onlyPatch reports whether a registry's refusal of a whole blob may mean that
// it accepts content by PATCH only. lost is how often it lost the upload
// before.
func onlyPatch(err error, lost int) bool {
	if errors.As(forgotten(err), new(*lostSession)) {
		return lost > 0
	}
	switch StatusOf(err) {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusLengthRequired, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return true
	}
	return false
}

// accepted returns how much of a broken upload the registry has; 0 if it is
// better to start again.
func (u *upload) accepted(ctx context.Context) int64 {
	if u.desc.Size < resumeFrom || u.session == nil {
		return 0
	}
	r := request{kind: "upload", method: http.MethodGet, repo: u.to, url: u.session.at, expect: []int{http.StatusNoContent, http.StatusAccepted, http.StatusOK}}
	resp, _, err := u.h.whole(ctx, r, maxErrorBody)
	if err != nil {
		return 0
	}
	n, known := acceptedRange(resp)
	if !known || n > u.source.offset() {
		return 0
	}
	if next, err := u.h.session(resp); err == nil {
		next.minChunk = max(next.minChunk, u.session.minChunk)
		u.session = next
	}
	return n
}
