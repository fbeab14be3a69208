package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	// onePiece is the largest blob that is sent in one request: registries in
	// front of object stores have a limit of 5 GiB.
	onePiece = 5<<30 - 1
	// chunkSize is the size of a chunk in bytes. A refused one is followed by
	// one of a quarter of its bytes.
	chunkSize    = 64 << 20
	minChunkSize = 1 << 20
	// A registry may accept a part of a chunk, but less than crumb bytes only
	// maxCrumbs times.
	crumb     = 64 << 10
	maxCrumbs = 20
)

// CopyRequests returns how many requests to both registries it takes to copy a
// blob of size bytes without failures.
func CopyRequests(size int64) int64 {
	n := int64(2) // an upload is opened and ended
	if size > 0 {
		n++ // a download
	}
	if size > onePiece {
		n += (size + chunkSize - 1) / chunkSize
	}
	return n
}

// send sends the blob from an offset on: in one piece, or in chunks if it is
// larger than registries accept, the host has refused it, or a part of it is
// there already.
func (u *upload) send(ctx context.Context, at int64) error {
	habits := &u.h.upload
	if at > 0 || u.desc.Size > onePiece || u.desc.Size > 0 && (habits.chunk.Load() > 0 || habits.patch.Load()) {
		return u.pieces(ctx)
	}
	err := u.h.commit(ctx, u.to, u.desc, u.source, u.desc.Size, u.session)
	patch := onlyPatch(err, u.lost)
	smaller := u.smaller(err, u.desc.Size)
	if u.source.err != nil || u.desc.Size == 0 || !patch && smaller == 0 {
		return err
	}
	if smaller > 0 {
		habits.chunk.CompareAndSwap(0, smaller)
	}
	if err := u.anew(ctx); err != nil {
		return err
	}
	err = u.pieces(ctx)
	if err == nil && patch {
		habits.patch.Store(true)
	}
	return err
}

// smaller returns the size of the chunks to send after a registry refused size
// bytes as too large; 0 if it refused them for another reason, or if they
// cannot be divided.
func (u *upload) smaller(err error, size int64) int64 {
	least := max(minChunkSize, u.session.minChunk)
	if StatusOf(err) != http.StatusRequestEntityTooLarge || size <= least {
		return 0
	}
	return max(min(size/4, chunkSize), least)
}

// anew starts again with the first byte in a new session.
func (u *upload) anew(ctx context.Context) (err error) {
	u.source.seek(0)
	u.session, err = u.h.openUpload(ctx, u.to, true)
	return err
}

// pieces sends what the registry does not have yet by PATCH, and then ends the
// upload.
func (u *upload) pieces(ctx context.Context) error {
	h, source := u.h, u.source
	most, crumbs := int64(chunkSize), 0
	if h.upload.chunk.Load() == 0 && h.upload.patch.Load() {
		most = onePiece
	}
	for source.offset() < u.desc.Size {
		start := source.offset()
		size := min(cmp.Or(h.upload.chunk.Load(), most), most)
		size = max(size, u.session.minChunk)
		next, err := h.patch(ctx, u.to, u.desc, source, size, u.session)
		if smaller := u.smaller(err, min(size, u.desc.Size-start)); smaller > 0 && source.err == nil {
			h.upload.chunk.Store(smaller)
			if err := u.anew(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		u.session = next
		taken := source.offset() - start
		if taken == min(size, u.desc.Size-start) {
			continue
		}
		most = max(taken, minChunkSize) // what the registry did not accept is read again
		if taken < crumb {
			crumbs++
		}
		if crumbs > maxCrumbs {
			return unusable(h.gate.Name, badUpload, "%s accepts only pieces of %d bytes of a blob", h.gate.Name, taken)
		}
	}
	return h.commit(ctx, u.to, u.desc, source, 0, u.session)
}

// stream sends a request whose body is the next bytes of a source. After a
// redirect they are read again.
func (h *host) stream(ctx context.Context, r request, source *blobReader) (*http.Response, error) {
	start := source.offset()
	for hop := 0; ; hop++ {
		r.stream = io.LimitReader(source, r.length)
		resp, err := h.once(ctx, r)
		var moved *movedError
		if !errors.As(err, &moved) {
			return resp, err
		}
		if hop >= maxRedirects {
			return nil, unusable(h.gate.Name, badRedirect, "%s redirects an upload too often, the last time to %s", h.gate.Name, h.gate.Scrub(moved.to.Host))
		}
		source.seek(start)
		r.url = moved.to
	}
}

// patch sends one chunk and moves the source to where the registry continues.
func (h *host) patch(ctx context.Context, to Repository, desc ocispec.Descriptor, source *blobReader, size int64, session *Session) (*Session, error) {
	start := source.offset()
	n := min(size, desc.Size-start)
	r := request{
		kind: "chunk", method: http.MethodPatch, repo: to, url: session.at, held: true, length: n,
		header: map[string]string{"Content-Type": "application/octet-stream"},
		expect: []int{http.StatusAccepted, http.StatusCreated, http.StatusNoContent},
	}
	if n < desc.Size {
		r.header["Content-Range"] = fmt.Sprintf("%d-%d", start, start+n-1)
	}
	resp, err := h.stream(ctx, r, source)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	next, err := h.session(resp)
	if err != nil {
		next = session // a registry that keeps the URL need not send it
	}
	if taken, known := acceptedRange(resp); known && taken != source.offset() {
		if taken > source.offset() || taken <= start && start > 0 && n > 0 {
			return nil, h.onTheWay(http.MethodPatch, session.at, fmt.Errorf("the registry has %d bytes of %d sent", taken, source.offset()))
		}
		source.seek(taken)
	}
	return next, nil
}

// commit ends an upload with its digest and the last n bytes.
func (h *host) commit(ctx context.Context, to Repository, desc ocispec.Descriptor, source *blobReader, n int64, session *Session) error {
	at := session.closing(desc.Digest)
	r := request{
		kind: "blob", method: http.MethodPut, repo: to, url: at, held: true,
		expect: []int{http.StatusCreated, http.StatusOK, http.StatusNoContent, http.StatusAccepted},
	}
	if n > 0 {
		r.length = n
		r.header = map[string]string{"Content-Type": "application/octet-stream"}
	}
	resp, err := h.stream(ctx, r, source)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated { // the specification does not define this as success: check
		if has, err := h.hasBlob(ctx, to, desc.Digest, true); err != nil || !has {
			return errors.Join(err, h.onTheWay(http.MethodPut, at, fmt.Errorf("the registry returned %s but did not store the blob", resp.Status)))
		}
	}
	got := digest.Digest(resp.Header.Get("Docker-Content-Digest"))
	if got.Validate() == nil && got.Algorithm() == desc.Digest.Algorithm() && got != desc.Digest {
		return &DigestError{Where: "the blob that " + to.String() + " stored", Want: string(desc.Digest), Got: string(got)}
	}
	h.wrote.note(to.Path, desc.Digest, h.opts.Clock.Now())
	return nil
}
