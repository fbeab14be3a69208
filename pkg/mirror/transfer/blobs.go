package transfer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// blobs copies blobs into repositories, each blob once over the wire for each
// registry: the first caller sends it, the others wait and mount.
type blobs struct {
	opts Options

	mu    sync.Mutex
	hosts map[string]*holdings

	arriving flight.Group[arrival, bool] // true: it did not exist before
	sending  flight.Group[upload, bool]
	senders  sync.Map // upload: the repository that is sent to

	sent, bytes, mounts, mountBytes atomic.Int64
}

// arrival is a blob on its way into a repository.
type arrival struct {
	host, path string
	digest     digest.Digest
}

// upload is a blob on its way over the wire to a registry.
type upload struct {
	host   string
	digest digest.Digest
}

func newBlobs(opts Options) *blobs {
	b := &blobs{opts: opts, hosts: map[string]*holdings{}}
	always := func(error) bool { return true } // holdings remember what arrived
	b.arriving.Forget, b.sending.Forget = always, always
	b.arriving.Wait = func(ctx context.Context, a arrival) func() { return opts.waiting(ctx, a.host+"/"+a.path) }
	b.sending.Wait = func(ctx context.Context, u upload) func() {
		if to, ok := b.senders.Load(u); ok {
			return opts.waiting(ctx, to.(string))
		}
		return opts.waiting(ctx, u.host)
	}
	return b
}

func (b *blobs) host(name string) *holdings {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.hosts[name]
	if !ok {
		h = &holdings{blobs: map[digest.Digest]*places{}}
		b.hosts[name] = h
	}
	return h
}

// place makes sure that a blob is in the repository to; sent reports that it
// did not exist before. With ask it checks for every blob first, whatever its
// size.
func (b *blobs) place(ctx context.Context, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, ask bool) (sent bool, err error) {
	h := b.host(to.Host)
	there := func() bool {
		return h.has(to.Path, desc.Digest) || from.Host == to.Host && from.Path == to.Path && !ask
	}
	if there() {
		return false, nil
	}
	// We share the failure of another caller, unless it comes from another
	// source.
	shares := func(err error) bool { return !ofSource(err) || readFrom(err, from) }
	first := false
	sent, err = b.arriving.DoShared(ctx, arrival{to.Host, to.Path, desc.Digest}, shares, func() (bool, error) {
		first = true
		if there() {
			return false, nil
		}
		sent, err := b.arrive(ctx, h, to, desc, from, ask)
		if err == nil {
			h.knows(to.Path, desc.Digest)
		}
		return sent, failedFrom(from, err)
	})
	return sent && first, plain(err)
}

// arrive copies a blob into a repository into which no other goroutine is
// copying it.
func (b *blobs) arrive(ctx context.Context, h *holdings, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, ask bool) (bool, error) {
	for {
		if !b.opts.Mount || !h.mountable() {
			return b.bring(ctx, h, to, desc, from, "", ask)
		}
		mount := h.anywhere(desc.Digest)
		if mount == "" && from.Host == to.Host {
			mount = from.Path
		}
		if mount != "" {
			return b.bring(ctx, h, to, desc, from, mount, ask)
		}
		sent, first, err := b.send(ctx, h, to, desc, from, ask)
		if first || err != nil {
			return sent, err
		}
	}
}

// send sends a blob to a registry that does not have it, or waits for another
// goroutine that does; then first is false.
func (b *blobs) send(ctx context.Context, h *holdings, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, ask bool) (sent, first bool, err error) {
	key := upload{to.Host, desc.Digest}
	// A write that failed elsewhere may work here; a read from our own source
	// will not.
	shares := func(err error) bool { return ofSource(err) && readFrom(err, from) }
	sent, err = b.sending.DoShared(ctx, key, shares, func() (bool, error) {
		if h.anywhere(desc.Digest) != "" {
			return false, nil // another sent it just now
		}
		first = true
		b.senders.Store(key, to.String())
		defer b.senders.Delete(key)
		sent, err := b.bring(ctx, h, to, desc, from, "", ask)
		if err == nil {
			h.knows(to.Path, desc.Digest)
		}
		return sent, failedFrom(from, err)
	})
	return sent, first, plain(err)
}

// bring mounts a blob from a path of the same registry, or sends it if there is
// no such path or the mount fails.
func (b *blobs) bring(ctx context.Context, h *holdings, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, mount string, ask bool) (bool, error) {
	var session *registry.Session
	switch {
	case ask || mount == "" && desc.Size >= probeFrom:
		has, err := b.opts.Client.HasBlob(ctx, to, desc.Digest)
		if err != nil || has {
			return false, err
		}
	case mount == "" && b.opts.Mount:
		has, opened, err := b.openOrFind(ctx, h, to, desc)
		if err != nil || has {
			return false, err
		}
		session = opened
	}
	if mount != "" {
		mounted, opened, err := b.mount(ctx, h, to, mount, desc)
		if err != nil || mounted {
			return mounted, err
		}
		session = opened
	}
	if err := b.opts.Writer.CopyBlob(ctx, to, desc, from, session); err != nil {
		return false, err
	}
	b.sent.Add(1)
	b.bytes.Add(desc.Size)
	if sentNow, ok := ctx.Value(sentKey{}).(*bool); ok {
		*sentNow = true
	}
	b.opts.Sent(ctx, desc.Size)
	return true, nil
}

// mount mounts a blob. If that fails, the blob has to be sent, by the session
// if the registry opened one; the error is that of the context.
func (b *blobs) mount(ctx context.Context, h *holdings, to registry.Repository, from string, desc ocispec.Descriptor) (bool, *registry.Session, error) {
	mounted, session, err := b.opts.Writer.Mount(ctx, to, from, desc.Digest)
	if ctx.Err() != nil {
		return false, nil, context.Cause(ctx)
	}
	var down *throttle.DownError
	switch {
	case mounted:
		h.count(&h.mounted)
		b.mounts.Add(1)
		b.mountBytes.Add(desc.Size)
	case errors.As(err, &down): // no request was sent
	case err != nil && !registry.Unavailable(err):
		h.note(&h.refused)
	case err != nil:
		h.count(&h.failed)
	default:
		h.count(&h.declined)
	}
	return mounted, session, nil
}

// openOrFind opens the upload of a blob and finds out by the same request
// whether it exists already, left by a run that was killed: it mounts the blob
// from its own repository.
func (b *blobs) openOrFind(ctx context.Context, h *holdings, to registry.Repository, desc ocispec.Descriptor) (bool, *registry.Session, error) {
	switch {
	case h.isDeaf():
		return false, nil, nil
	case b.opts.Dry: // also sends it, to predict a run
		has, err := b.opts.Client.HasBlob(ctx, to, desc.Digest)
		return has, &registry.Session{}, err
	}
	has, session, err := b.opts.Writer.Mount(ctx, to, to.Path, desc.Digest)
	if ctx.Err() != nil {
		return false, nil, context.Cause(ctx)
	}
	if err != nil {
		h.note(&h.deaf)
	}
	return has, session, nil
}

// failure is an error of an operation that reads from a repository.
type failure struct {
	err  error
	from registry.Repository
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// failedFrom adds the repository that was being read to an error.
func failedFrom(from registry.Repository, err error) error {
	if err == nil {
		return nil
	}
	return &failure{err, from}
}

// readFrom reports whether the failed operation was reading from a repository.
func readFrom(err error, from registry.Repository) bool {
	var f *failure
	return errors.As(err, &f) && f.from == from
}

// ofSource reports whether reading failed, not writing.
func ofSource(err error) bool {
	var source *registry.SourceError
	return errors.As(err, &source)
}

// plain removes what failedFrom added to an error.
func plain(err error) error {
	var f *failure
	if errors.As(err, &f) {
		return f.err
	}
	return err
}
