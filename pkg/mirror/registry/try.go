package registry

import (
	"context"
	"io"
	"net/http"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// TryPush finds out whether a repository can be written: it opens an upload and
// cancels it. Nothing is left of that in the repository.
func (c *Client) TryPush(ctx context.Context, repo Repository) error {
	repo.Push = true
	h := c.host(repo.Host)
	s, err := h.openUpload(ctx, repo, false)
	if err != nil {
		return err
	}
	// A registry that does not know the end of an upload forgets it after a while.
	resp, err := h.once(ctx, request{
		kind: "upload", method: http.MethodDelete, repo: repo, url: s.at,
		expect: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	if err == nil {
		resp.Body.Close()
	}
	return nil
}

// maxSmall is the size in bytes of the largest blob that is read whole.
const maxSmall = 4 << 20

// SmallBlob reads a blob, such as the configuration of an image, which may have
// at most 4 MiB.
func (c *Client) SmallBlob(ctx context.Context, repo Repository, desc ocispec.Descriptor) ([]byte, error) {
	if desc.Size > maxSmall {
		return nil, refusef("the blob %s has %d bytes; the limit is %d", desc.Digest, desc.Size, maxSmall)
	}
	r := c.newBlobReader(ctx, repo, desc)
	defer r.Close()
	return io.ReadAll(r)
}
