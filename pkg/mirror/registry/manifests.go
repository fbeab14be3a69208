package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxManifest is the largest manifest that is read; by the specification,
// registries should accept at least 4 MiB.
const maxManifest = 16 << 20

var get = request{kind: "manifest", method: http.MethodGet, expect: []int{http.StatusOK}}

// Resolve returns the descriptor of a tag or digest: by HEAD, and by GET if a
// registry's HEAD is not enough. The size may be -1 if the registry does not
// send it. A reference that does not exist is an [*Error] for which [NotFound]
// (or [Denied]) is true.
func (ms *Manifests) Resolve(ctx context.Context, repo Repository, ref string) (ocispec.Descriptor, error) {
	h := ms.all.host(repo.Host)
	if h.head.broken.Load() {
		return ms.resolveByGet(ctx, repo, ref)
	}
	r := get
	r.method, r.repo, r.path = http.MethodHead, repo, "manifests/"+ref
	r.header = map[string]string{"Accept": accept}
	resp, _, err := h.whole(ctx, r, 1)
	if err == nil {
		d := ocispec.Descriptor{
			MediaType: mediaTypeOf(resp.Header.Get("Content-Type"), nil),
			Digest:    digest.Digest(strings.Clone(resp.Header.Get("Docker-Content-Digest"))), // not all headers
			Size:      resp.ContentLength,
		}
		if d.Digest.Validate() == nil {
			h.head.works.Store(true)
			return d, nil
		}
		d, err := ms.resolveByGet(ctx, repo, ref)
		if err == nil {
			h.head.broken.Store(true)
		}
		return d, err
	}
	switch StatusOf(err) {
	case 0, http.StatusUnauthorized, http.StatusTooManyRequests:
		return ocispec.Descriptor{}, err
	case http.StatusNotFound:
		believed := func() bool { return h.head.works.Load() || repo.Destination && h.head.absent.Load() }
		if believed() {
			return ocispec.Descriptor{}, err
		}
		// One goroutine checks for all that are waiting.
		if h.head.checking.CompareAndSwap(false, true) {
			defer close(h.head.checked)
			break
		}
		select {
		case <-h.head.checked:
		case <-ctx.Done():
			return ocispec.Descriptor{}, context.Cause(ctx)
		}
		if believed() {
			return ocispec.Descriptor{}, err
		}
	}
	// Some registries support only GET, and answer HEAD with 404, 405 or 500.
	d, getErr := ms.resolveByGet(ctx, repo, ref)
	switch {
	case getErr == nil:
		h.head.broken.Store(true)
		return d, nil
	case NotFound(err) && NotFound(getErr):
		h.head.absent.Store(true)
	}
	return ocispec.Descriptor{}, getErr
}

// DoubtHead makes the client use only GET for tags of a registry, because a
// digest that HEAD returned does not exist there.
func (ms *Manifests) DoubtHead(host string) { ms.all.host(host).head.broken.Store(true) }

func (ms *Manifests) resolveByGet(ctx context.Context, repo Repository, ref string) (ocispec.Descriptor, error) {
	m, err := ms.Manifest(ctx, repo, ref)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return ocispec.Descriptor{MediaType: m.MediaType, Digest: m.Digest, Size: int64(len(m.Body))}, nil
}

// Manifest returns the manifest for a tag or digest. Its bytes have the
// requested digest; for a tag, they have the digest that the registry sends or,
// if that is wrong, one by which the registry has them. Otherwise the error is
// a [*DigestError], or a [*ManifestError] for something that is not a manifest.
func (ms *Manifests) Manifest(ctx context.Context, repo Repository, ref string) (Manifest, error) {
	h := ms.all.host(repo.Host)
	r := get
	r.repo, r.path = repo, "manifests/"+ref
	r.header = map[string]string{"Accept": accept}
	var m Manifest
	wrong := digest.Digest("")
	want := digest.Digest(ref)
	tag := want.Validate() != nil
	check := func(resp *http.Response, body []byte) error {
		if err := (Manifest{Digest: digest.FromBytes(body), Body: body}).bounded(); err != nil {
			return err
		}
		m = Manifest{MediaType: mediaTypeOf(resp.Header.Get("Content-Type"), body), Body: body, Digest: digest.FromBytes(body)}
		told := digest.Digest(resp.Header.Get("Docker-Content-Digest"))
		var bad error
		switch {
		case !tag:
			m.Digest = want.Algorithm().FromBytes(body)
			bad = m.differs(repo, want)
		case !m.plausible():
			bad = &ManifestError{Text: "the response is not a manifest"}
		case told.Validate() == nil:
			bad = m.differs(repo, told)
		}
		switch {
		case IsSchema1(m.MediaType): // its digest is not that of its bytes
			return nil
		case bad == nil, m.Digest == wrong:
			return bad
		}
		wrong = m.Digest // bytes may be damaged in transfer: read again, until the same come twice
		return h.onTheWay(r.method, resp.Request.URL, bad)
	}
	r.check = func(resp *http.Response, body []byte) error {
		if err := check(resp, body); err != nil {
			return err
		}
		if !h.memory.manifests.admit(body) {
			return &CrowdedError{}
		}
		return nil
	}
	_, _, err := h.whole(ctx, r, maxManifest)
	var bad *DigestError
	if tag && errors.As(err, &bad) { // which of the two is wrong?
		if byDigest, err := ms.Manifest(ctx, repo, string(m.Digest)); err == nil {
			return byDigest, nil
		}
	}
	if err != nil {
		return Manifest{}, err
	}
	return m, nil
}

// differs returns the error for a manifest that does not have a digest.
func (m Manifest) differs(repo Repository, want digest.Digest) error {
	if m.Is(want) {
		return nil
	}
	return &DigestError{Where: fmt.Sprintf("the manifest in %s", repo), Want: string(want), Got: m.Digest.String()}
}

// Limits of a list: bytes of one page, pages, and elements.
const (
	maxPage      = 16 << 20
	maxPages     = 10_000
	maxListed    = 1_000_000
	maxReferrers = 100_000
)

// nextPage returns the URL of the next page in the Link header (RFC 8288); it
// must be on the same registry.
func nextPage(resp *http.Response) (*url.URL, error) {
	for _, line := range resp.Header.Values("Link") {
		for _, link := range parseLinks(line) {
			if !slices.Contains(strings.Fields(link.rel), "next") { // a link may have several relations
				continue
			}
			from := resp.Request.URL
			next, err := from.Parse(link.target)
			if err != nil || !strings.EqualFold(next.Host, from.Host) || next.User != nil {
				return nil, unusable(from.Host, badList, "%s links to another host for the next page of a list", from.Host)
			}
			next.Scheme, next.Host = from.Scheme, from.Host
			return next, nil
		}
	}
	return nil, nil
}
