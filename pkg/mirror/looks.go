package mirror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// looks reads what tags hold: by the protocol, or from a list of the whole
// repository. It remembers which repositories refuse access, so that their
// other tags need no request.
type looks struct {
	client  *registry.Client
	lists   bool
	wanted  map[registry.Repository][]string // tags, by repository
	scouted map[earlyKey]bool                // destinations that are read before the copying begins
	taken   flight.Group[earlyKey, *look]    // their results
	now     func() time.Time
	first   sync.Map                                    // registry.Repository: chan struct{}, closed after the first request
	refused sync.Map                                    // registry.Repository: error, of those that cannot be read
	sealed  sync.Map                                    // by place: error, of those that cannot be written
	asked   flight.Group[registry.Repository, struct{}] // whether they can be written
}

// look is the content of a destination.
type look struct {
	have ocispec.Descriptor
	err  error
	at   time.Time
}

type earlyKey struct {
	job    *job
	target int
}

// newLooks makes looks for the sources and destinations of jobs. If lists is
// true, a list is enough to see that something is unchanged.
func newLooks(client *registry.Client, now func() time.Time, lists bool, jobs []*job, destination func(int, *job) registry.Repository) *looks {
	l := &looks{client: client, now: now, lists: lists, wanted: map[registry.Repository][]string{}, scouted: map[earlyKey]bool{}}
	if !lists {
		return l
	}
	for _, j := range jobs {
		if j.source.Digest == "" && j.source.Tag != "" {
			l.wanted[sourceOf(j)] = append(l.wanted[sourceOf(j)], j.source.Tag)
		}
		for i, t := range j.targets {
			if t.Destination.Tag != "" {
				repo := destination(i, j)
				l.wanted[repo] = append(l.wanted[repo], t.Destination.Tag)
			}
		}
	}
	return l
}

// sourceOf is the repository of a job's source.
func sourceOf(j *job) registry.Repository {
	return registry.Repository{Host: j.source.Host(), Path: j.source.Path()}
}

// listed returns the digest of a tag from a list of its repository, and the
// kind of list; the digest is "" if the list does not have it.
func (l *looks) listed(ctx context.Context, repo registry.Repository, tag string) (digest.Digest, string) {
	if !l.lists {
		return "", ""
	}
	d := l.client.Listed(ctx, repo, l.wanted[repo])[tag]
	return d.Digest, d.By
}

// resolve asks the registry for the digest of a tag or digest, unless the
// registry refuses access to the whole repository. The first request shows that
// for all others.
func (l *looks) resolve(ctx context.Context, repo registry.Repository, ref string) (ocispec.Descriptor, error) {
	over := make(chan struct{})
	if c, ok := l.first.LoadOrStore(repo, over); ok {
		select {
		case <-c.(chan struct{}):
		case <-ctx.Done():
			return ocispec.Descriptor{}, context.Cause(ctx)
		}
	} else {
		defer close(over)
	}
	if err := l.refusal(repo); err != nil {
		return ocispec.Descriptor{}, err
	}
	d, err := l.read(ctx, repo, ref)
	if definite(err) || !repo.Push && unauthorized(err) {
		l.refused.LoadOrStore(repo, err) // the first reason stays
	}
	return d, err
}

// read requests the descriptor of a tag or digest. If the token endpoint grants
// pull but not push, read records that nothing can be written.
func (l *looks) read(ctx context.Context, repo registry.Repository, ref string) (ocispec.Descriptor, error) {
	if repo.Push && l.unwritable(repo) == nil {
		d, err := l.client.Resolve(ctx, repo, ref)
		if !refusedByEndpoint(err) || l.writable(ctx, repo) == nil {
			return d, err
		}
	}
	repo.Push = false
	return l.client.Resolve(ctx, repo, ref)
}

// look reads a destination by a tag or digest.
func (l *looks) look(ctx context.Context, repo registry.Repository, ref string) *look {
	taken := &look{at: l.now()}
	taken.have, taken.err = l.resolve(ctx, repo, ref)
	return taken
}

// early reads a destination that scouts read too; only the first caller sends a
// request.
func (l *looks) early(ctx context.Context, key earlyKey, repo registry.Repository) (*look, error) {
	return l.taken.Do(ctx, key, func() (*look, error) {
		return l.look(ctx, repo, key.job.targets[key.target].Destination.Tag), nil
	})
}

// refusal returns why a registry refuses us in a repository.
func (l *looks) refusal(repo registry.Repository) error { return reasonIn(&l.refused, repo) }

// reasonIn returns why a repository is among those that refuse something, or nil.
func reasonIn(refusals *sync.Map, repo registry.Repository) error {
	if err, ok := refusals.Load(repo); ok {
		return &refusedError{err.(error)}
	}
	return nil
}

// refusedError is the refusal of a whole repository, for references that were
// not requested.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

// place is a repository without what it is wanted for.
func place(repo registry.Repository) registry.Repository {
	return registry.Repository{Host: repo.Host, Path: repo.Path}
}

// seal notes that nothing can be written to a repository; the first reason stays.
func (l *looks) seal(repo registry.Repository, err error) { l.sealed.LoadOrStore(place(repo), err) }

// unwritable returns why nothing can be written to a repository, as far as that is
// known without asking.
func (l *looks) unwritable(repo registry.Repository) error { return reasonIn(&l.sealed, place(repo)) }

// writable returns why nothing can be written to a repository; nil when it can be,
// or only a write can find out. It asks once for a token that may push, where the
// registry wants one.
func (l *looks) writable(ctx context.Context, repo registry.Repository) error {
	if err := l.unwritable(repo); err != nil {
		return err
	}
	l.asked.Do(ctx, place(repo), func() (struct{}, error) {
		err := l.client.MayPush(ctx, place(repo))
		if errors.As(err, new(*registry.PushError)) || definite(err) {
			l.seal(repo, err)
		}
		return struct{}{}, nil
	})
	return l.unwritable(repo)
}

// noteWrite records what the error of a write shows about the repository: that
// nothing can be written to it with this credential. A refusal of one manifest may
// be a rule about its tag.
func (l *looks) noteWrite(repo registry.Repository, err error) {
	var e *registry.Error
	if !errors.As(err, &e) || e.Host != repo.Host || !strings.Contains(e.URL, "/v2/"+repo.Path+"/blobs/") {
		return
	}
	if e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
		l.seal(repo, err)
	}
}

// refusedByEndpoint reports whether a token endpoint refuses a token for one
// repository.
func refusedByEndpoint(err error) bool {
	var token *auth.Status
	return errors.As(err, &token) && token.Refused() && !errors.As(err, new(*registry.CredentialError))
}

// definite reports whether a registry refuses the credential itself, or
// requires a missing one.
func definite(err error) bool {
	var token *auth.Status
	var answer *registry.Error
	return errors.As(err, &token) && token.Refused() ||
		errors.As(err, &answer) && answer.Status == http.StatusUnauthorized && (answer.Anonymous || answer.Basic)
}

// unauthorized reports whether a registry refuses a fresh credential for the
// whole repository, and not for one image only.
func unauthorized(err error) bool {
	var e *registry.Error
	return errors.As(err, &e) && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden && e.Has("DENIED", "UNAUTHORIZED"))
}

// blind explains why the content of a destination is not known; it returns nil
// if it is. Many registries answer that access is denied when something does
// not exist; a run finds that out by writing.
func blind(err error, mode Mode) error {
	switch {
	case err == nil, registry.NotFound(err):
		return nil
	case registry.Denied(err) && !definite(err) && mode == ModeRun:
		return nil
	case registry.Denied(err) && !definite(err):
		return fmt.Errorf("cannot read the destination: the repository does not exist, or the credential cannot pull it: %w", err)
	}
	return fmt.Errorf("checking the destination: %w", err)
}
