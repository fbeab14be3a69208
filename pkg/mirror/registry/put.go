package registry

import (
	"context"
	"net/http"

	"github.com/opencontainers/go-digest"
)

// PutBlob sends a small blob that is at hand. Where the repository has it, the
// registry says so when the upload is opened and nothing is sent.
func (c *Client) PutBlob(ctx context.Context, repo Repository, data []byte) error {
	d := digest.FromBytes(data)
	has, session, err := c.Mount(ctx, repo, repo.Path, d)
	if has {
		return nil
	}
	if err != nil {
		session = nil // it does not know mounts
	}
	h := c.host(repo.Host)
	return h.loop.Do(ctx, func() (err error) {
		s := session
		session = nil // a session that failed is not used again
		if s == nil {
			if s, err = h.openUpload(ctx, repo, false); err != nil {
				return err
			}
		}
		resp, err := h.once(ctx, request{
			kind: "blob", method: http.MethodPut, repo: repo, url: s.closing(d), body: data,
			header: map[string]string{"Content-Type": "application/octet-stream"},
			expect: []int{http.StatusCreated, http.StatusOK, http.StatusNoContent, http.StatusAccepted},
		})
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
}
