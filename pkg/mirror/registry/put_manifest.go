package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// PutManifest pushes the manifest's bytes under a tag or its digest. Only 201 with
// the digest counts as success; after any other answer PutManifest reads what the
// registry has.
//
// Before each retry, it calls again, if that is not nil: again ends the retries
// by returning true, or an error. Otherwise it reads the tag first, because the
// answer to an attempt may have been lost, and the tag may be immutable from
// then on.
//
// If the registry does not yet see what was written to the repository a moment
// ago, the push is retried.
func (ms *Manifests) PutManifest(ctx context.Context, repo Repository, ref string, m Manifest, again func() (done bool, err error)) error {
	h := ms.all.host(repo.Host)
	put := &manifestPut{manifests: ms, host: h, repo: repo, ref: ref, manifest: m, again: again}
	err := h.loop.Do(ctx, func() error { return put.attempt(ctx) })
	if err == nil {
		h.wrote.note(repo.Path, m.Digest, h.opts.Clock.Now())
	}
	put.learn(err)
	var notYet *notYetError
	if errors.As(err, &notYet) {
		return notYet.err
	}
	return err
}

// manifestPut is one push of a manifest.
type manifestPut struct {
	manifests *Manifests
	host      *host
	repo      Repository
	ref       string
	manifest  Manifest
	again     func() (done bool, err error)

	attempts int
	waited   bool // for earlier writes
}

func (p *manifestPut) attempt(ctx context.Context) error {
	if p.attempts++; p.attempts > 1 {
		if done, err := p.look(ctx); err != nil || done {
			return err
		}
	}
	resp, err := p.host.once(ctx, request{
		kind: "manifest", method: http.MethodPut, repo: p.repo, path: "manifests/" + p.ref, body: p.manifest.Body,
		header: map[string]string{"Content-Type": p.manifest.MediaType},
		expect: []int{http.StatusCreated, http.StatusOK, http.StatusAccepted, http.StatusNoContent},
	})
	if err != nil {
		if p.attempts > 1 && StatusOf(err)/100 == 4 && p.isThere(ctx) {
			return nil
		}
		if kind := p.notYet(err); kind != retry.Final {
			p.waited = true
			return &notYetError{err, kind}
		}
		return err
	}
	resp.Body.Close()
	got := digest.Digest(resp.Header.Get("Docker-Content-Digest"))
	if resp.StatusCode != http.StatusCreated || got.Validate() != nil {
		d, err := p.manifests.Resolve(ctx, p.repo, p.ref)
		if NotFound(err) || err == nil && !p.manifest.Is(d.Digest) {
			return p.host.onTheWay(http.MethodPut, resp.Request.URL, fmt.Errorf("the registry returned %s but did not store the manifest", resp.Status))
		}
		return retry.Enough(err)
	}
	if !p.manifest.Is(got) {
		return &DigestError{Where: fmt.Sprintf("the manifest that %s stored", p.repo), Want: p.manifest.Digest.String(), Got: got.String()}
	}
	return nil
}

// look checks before a retry whether there is anything left to do.
func (p *manifestPut) look(ctx context.Context) (done bool, err error) {
	if p.again != nil {
		return p.again()
	}
	return p.isThere(ctx), nil
}

// isThere reports whether the tag is correct. A digest is not read: to push it
// again changes nothing.
func (p *manifestPut) isThere(ctx context.Context) bool {
	if digest.Digest(p.ref).Validate() == nil {
		return false
	}
	d, err := p.manifests.Resolve(ctx, p.repo, p.ref)
	return err == nil && p.manifest.Is(d.Digest)
}

// notYetError means that a registry may not yet see an earlier write.
type notYetError struct {
	err  error
	kind retry.Kind
}

func (e *notYetError) Error() string { return e.err.Error() }
func (e *notYetError) Unwrap() error { return e.err }

// Failure implements [retry.Failed].
func (e *notYetError) Failure(time.Time) retry.Failure { return retry.Failure{Kind: e.kind} }

// futileWaits is the number of waits in vain after which a registry gets no more
// of them.
const futileWaits = 3

// notYet returns whether a manifest was refused because the registry may not yet
// see what it refers to: retry.Unseen or retry.Unsure, or else retry.Final.
func (p *manifestPut) notYet(err error) retry.Kind {
	var e *Error
	switch {
	case !errors.As(err, &e), !mayMiss(e),
		!p.host.wrote.has(p.repo.Path, e.Message, p.host.opts.Clock.Now()), p.host.wrote.futile.Load() >= futileWaits:
		return retry.Final
	case e.Status == http.StatusNotFound, saysMissing(e):
		if p.manifest.holdsOthers() {
			return retry.Unsure // many registries accept only an index of manifests
		}
		return retry.Unseen
	case e.Has("DENIED", "UNAUTHORIZED", "UNSUPPORTED", "TAG_INVALID", "NAME_INVALID", "SIZE_INVALID", "DIGEST_INVALID"), says(e, "immutable", "support", "not accepted"):
		return retry.Final
	}
	return retry.Unsure
}

// mayMiss reports whether a refusal may be about something that the manifest
// refers to. Some statuses are about an existing tag, unless the words show
// otherwise.
func mayMiss(e *Error) bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound:
		return true
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return saysMissing(e) && !says(e, "immutable")
	}
	return false
}

func saysMissing(e *Error) bool {
	if e.Has("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN") {
		return true
	}
	return says(e, "unknown", "not found", "missing", "does not exist", "not yet")
}

func says(e *Error, words ...string) bool {
	message := strings.ToLower(e.Message)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(message, w) })
}

// learn counts waits in vain.
func (p *manifestPut) learn(err error) {
	switch {
	case p.waited && err == nil:
		p.host.wrote.futile.Store(0)
	case p.waited && errors.As(err, new(*notYetError)):
		p.host.wrote.futile.Add(1)
	}
}
