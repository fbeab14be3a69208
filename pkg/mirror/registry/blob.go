package registry

import (
	"compress/gzip"
	"context"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/body"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// HasBlob reports whether a repository has a blob. Any unclear answer counts as
// no, because then the blob is sent and the registry accepts or refuses it; the
// error is for a registry that cannot be reached.
func (bs *Blobs) HasBlob(ctx context.Context, repo Repository, d digest.Digest) (bool, error) {
	return bs.all.host(repo.Host).hasBlob(ctx, repo, d, false)
}

// hasBlob sends the request; held reports whether the caller has the host's
// slot.
func (h *host) hasBlob(ctx context.Context, repo Repository, d digest.Digest, held bool) (bool, error) {
	r := request{kind: "blob", method: http.MethodHead, repo: repo, path: "blobs/" + string(d), held: held, expect: []int{http.StatusOK}}
	_, _, err := h.whole(ctx, r, 1)
	if err != nil && !Unavailable(err) && (StatusOf(err) != 0 || errors.As(err, new(*StoreError))) {
		return false, nil
	}
	return err == nil, err
}

// blobReader reads a blob from a registry and hashes it on the way. A broken
// download continues where it broke. The last bytes are returned only after the
// whole blob has the right digest, so that a caller who passes the bytes on
// cannot complete a wrong blob.
type blobReader struct {
	ctx  context.Context
	h    *host
	repo Repository
	desc ocispec.Descriptor

	body    io.ReadCloser
	decoded bool  // the registry compressed the blob for the transfer
	pos     int64 // offset of what was read and hashed
	hand    int64 // bytes before this offset are not returned
	sum     checksum
	again   resumption
	err     error // final
}

// resumption is how a broken download continues.
type resumption struct {
	tries retry.Tries
	since int64         // pos when tries began; seek does not change it, because reading again is not progress
	later bool          // the download continues when somebody calls resume
	wait  time.Duration // before that
}

// checksum is the hash of the bytes that were read. It can go back to earlier
// offsets.
type checksum struct {
	hash.Hash
	marks []mark
}

// mark is an offset to which the reader can go back.
type mark struct {
	pos  int64
	hash []byte // state of the hash at that offset
}

// markEvery is the distance between marks in bytes.
const markEvery = 1 << 20

func (bs *Blobs) newBlobReader(ctx context.Context, repo Repository, desc ocispec.Descriptor) *blobReader {
	return &blobReader{
		ctx: ctx, h: bs.all.host(repo.Host), repo: repo, desc: desc,
		sum: checksum{Hash: desc.Digest.Algorithm().Hash()},
	}
}

// Read implements [io.Reader].
func (b *blobReader) Read(p []byte) (int, error) {
	for {
		switch {
		case b.err != nil:
			return 0, b.err
		case b.again.later:
			return 0, throttle.ErrLater
		}
		if b.pos == b.desc.Size {
			return 0, io.EOF
		}
		n, err := b.some(p)
		if n > 0 {
			return n, nil
		}
		if err == nil {
			continue
		}
		if b.failed(err); b.again.later && max(b.again.wait, b.h.gate.QuietFor()) <= throttle.Shortly {
			b.resume()
		}
	}
}

// some reads once. It returns bytes or an error, never both.
func (b *blobReader) some(p []byte) (int, error) {
	if b.body == nil {
		if err := b.open(); err != nil {
			return 0, err
		}
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.desc.Size-b.pos)])
	if n > 0 {
		b.sum.mark(b.pos)
		b.sum.Write(p[:n])
		if b.pos+int64(n) == b.desc.Size {
			if err := b.verify(); err != nil {
				return 0, err
			}
		}
		b.pos += int64(n)
		late := int(max(b.hand-(b.pos-int64(n)), 0))
		if late >= n {
			return 0, nil
		}
		return copy(p, p[late:n]), nil
	}
	if err == io.EOF {
		err = b.h.onTheWay(http.MethodGet, b.place(), fmt.Errorf("the body ends after %d of %d bytes", b.pos, b.desc.Size))
	}
	return 0, err
}

func (b *blobReader) verify() error {
	got := digest.NewDigest(b.desc.Digest.Algorithm(), b.sum)
	if got != b.desc.Digest {
		return &DigestError{Where: "a blob of " + b.repo.String(), Want: string(b.desc.Digest), Got: got.String()}
	}
	return nil
}

// failed decides whether an error ends the download or a retry follows.
func (b *blobReader) failed(err error) {
	b.Close()
	if b.pos-b.again.since >= 16<<20 {
		b.again.tries, b.again.since = retry.Tries{}, b.pos
	}
	b.again.wait, b.err = 0, nil
	if !errors.Is(err, throttle.ErrLater) { // otherwise nothing was sent
		b.again.wait, b.err = b.h.loop.Next(b.ctx, &b.again.tries, err)
	}
	b.again.later = b.err == nil
}

// resume waits until a failed download may be retried, and reports whether it
// may.
func (b *blobReader) resume() bool {
	if !b.again.later {
		return false
	}
	b.again.later = false
	b.err = b.h.opts.Clock.Sleep(b.ctx, b.again.wait)
	return b.err == nil
}

// open starts the download at pos. A registry without range support sends
// everything, and the known part is skipped.
func (b *blobReader) open() error {
	r := request{
		kind: "blob", method: http.MethodGet, repo: b.repo, path: "blobs/" + string(b.desc.Digest), held: true, brief: true,
		expect: []int{http.StatusOK, http.StatusPartialContent},
	}
	if b.pos > 0 && !b.decoded {
		r.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-", b.pos)}
	}
	resp, err := b.h.once(b.ctx, r)
	if StatusOf(err) == http.StatusRequestedRangeNotSatisfiable {
		r.header = nil
		resp, err = b.h.once(b.ctx, r)
	}
	if err != nil {
		return err
	}
	b.body = resp.Body
	skip := b.pos
	if resp.StatusCode == http.StatusPartialContent {
		if !strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", b.pos)) {
			return b.h.onTheWay(http.MethodGet, b.place(), fmt.Errorf("requested bytes from %d, got %.60q", b.pos, resp.Header.Get("Content-Range")))
		}
		skip = 0
	}
	if body.Zipped(resp.Header) && resp.ContentLength != b.desc.Size {
		b.decoded = true
		plain, err := gzip.NewReader(resp.Body)
		if err != nil {
			return b.h.onTheWay(http.MethodGet, b.place(), err)
		}
		b.body = struct {
			io.Reader
			io.Closer
		}{plain, resp.Body}
	}
	if skip > 0 {
		_, err = io.CopyN(io.Discard, b.body, skip)
	}
	return err
}

// offset returns where the next Read starts.
func (b *blobReader) offset() int64 { return max(b.pos, b.hand) }

// mark saves the state of the hash, so that rewind can go back to this offset.
func (c *checksum) mark(pos int64) {
	if n := len(c.marks); n > 0 && pos-c.marks[n-1].pos < markEvery {
		return
	}
	if h, ok := c.Hash.(encoding.BinaryMarshaler); ok {
		if state, err := h.MarshalBinary(); err == nil {
			c.marks = append(c.marks, mark{pos, state})
		}
	}
}

// rewind goes back to the last mark up to offset, and returns its offset.
func (c *checksum) rewind(offset int64) int64 {
	for len(c.marks) > 0 && c.marks[len(c.marks)-1].pos > offset {
		c.marks = c.marks[:len(c.marks)-1]
	}
	c.Reset()
	if n := len(c.marks); n > 0 {
		if h, ok := c.Hash.(encoding.BinaryUnmarshaler); ok && h.UnmarshalBinary(c.marks[n-1].hash) == nil {
			return c.marks[n-1].pos
		}
	}
	return 0
}

// seek makes the next Read start at offset, which must have been reached
// before. Bytes after the last mark before it are hashed again.
func (b *blobReader) seek(offset int64) {
	if offset == b.offset() {
		return
	}
	b.Close()
	b.hand = offset
	b.pos = b.sum.rewind(offset)
}

// Close ends the download.
func (b *blobReader) Close() error {
	if b.body == nil {
		return nil
	}
	err := b.body.Close()
	b.body = nil
	return err
}

func (b *blobReader) place() *url.URL {
	return b.h.origin.place("/v2/" + b.repo.Path + "/blobs/" + string(b.desc.Digest))
}

// acceptedRange reads the Range header of an upload's answer ("0-1023", also
// with "bytes="), and returns how many bytes the registry has. known is false
// without a usable header; many registries send "0-0" before the first byte.
func acceptedRange(resp *http.Response) (n int64, known bool) {
	_, end, ok := strings.Cut(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "-")
	last, err := strconv.ParseInt(end, 10, 64)
	if !ok || err != nil || last <= 0 {
		return 0, false
	}
	return last + 1, true
}
