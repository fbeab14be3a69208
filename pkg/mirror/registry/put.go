package registry

import (
	"context"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// PutBlob pushes a small blob from memory. If the repository has it, the
// registry says so when the upload is opened and nothing is sent.
func (bs *Blobs) PutBlob(ctx context.Context, repo Repository, data []byte) error {
	d := digest.FromBytes(data)
	has, session, err := bs.Mount(ctx, repo, repo.Path, d)
	if has {
		return nil
	}
	if err != nil {
		session = nil // it does not know mounts
	}
	h := bs.all.host(repo.Host)
	return h.loop.Do(ctx, func() (err error) {
		s := session
		session = nil // a session that failed is not used again
		if s == nil {
			if s, err = h.openUpload(ctx, repo, false); err != nil {
				return err
			}
		}
		patch := h.upload.patch.Load()
		if err = h.sendSmall(ctx, repo, d, data, s, patch); !patch && onlyPatch(err, 0) {
			if s, err = h.openUpload(ctx, repo, false); err != nil {
				return err
			}
			if err = h.sendSmall(ctx, repo, d, data, s, true); err == nil {
				h.upload.patch.Store(true)
			}
		}
		return forgotten(err)
	})
}

// sendSmall sends a blob from memory, by PATCH if the registry accepts content
// only that way.
func (h *host) sendSmall(ctx context.Context, repo Repository, d digest.Digest, data []byte, s *Session, patch bool) error {
	content := map[string]string{"Content-Type": "application/octet-stream"}
	r := request{
		kind: "blob", method: http.MethodPut, repo: repo, url: s.closing(d), body: data, header: content,
		expect: []int{http.StatusCreated, http.StatusOK, http.StatusNoContent, http.StatusAccepted},
	}
	if patch {
		resp, err := h.once(ctx, request{
			kind: "chunk", method: http.MethodPatch, repo: repo, url: s.at, body: data, header: content,
			expect: []int{http.StatusAccepted, http.StatusCreated, http.StatusNoContent},
		})
		if err != nil {
			return err
		}
		resp.Body.Close()
		if next, err := h.session(resp); err == nil {
			s = next
		}
		r.url, r.body, r.header = s.closing(d), nil, nil
	}
	resp, err := h.once(ctx, r)
	if err != nil {
		return err
	}
	h.wrote.note(repo.Path, d, h.opts.Clock.Now())
	return resp.Body.Close()
}

// maxSmall is the size in bytes of the largest blob that is read whole.
const maxSmall = 4 << 20

// SmallBlob reads a blob, such as the configuration of an image, which may have
// at most 4 MiB.
func (bs *Blobs) SmallBlob(ctx context.Context, repo Repository, desc ocispec.Descriptor) ([]byte, error) {
	if desc.Size > maxSmall {
		return nil, refusef("the blob %s has %d bytes; the limit is %d", desc.Digest, desc.Size, maxSmall)
	}
	r := bs.newBlobReader(ctx, repo, desc)
	defer r.Close()
	return io.ReadAll(r)
}
