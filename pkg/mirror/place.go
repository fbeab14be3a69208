package mirror

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// writer is the part of a registry client that changes something. A dry run
// has one that does not.
type writer interface {
	Mount(ctx context.Context, to registry.Repository, from string, d digest.Digest) (bool, *registry.Session, error)
	CopyBlob(ctx context.Context, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, s *registry.Session) error
	PutManifest(ctx context.Context, to registry.Repository, ref string, m registry.Manifest, again func() (bool, error)) (bool, error)
}

// nowhere is the writer of a dry run: everything works, nothing happens, and
// the requests that it would have taken are counted.
type nowhere struct{ requests atomic.Int64 }

func (w *nowhere) Mount(context.Context, registry.Repository, string, digest.Digest) (bool, *registry.Session, error) {
	w.requests.Add(1)
	return true, nil, nil
}
func (w *nowhere) CopyBlob(_ context.Context, _ registry.Repository, desc ocispec.Descriptor, _ registry.Repository, s *registry.Session) error {
	w.requests.Add(registry.CopyRequests(desc.Size))
	if s != nil {
		w.requests.Add(-1) // that opened it
	}
	return nil
}
func (w *nowhere) PutManifest(context.Context, registry.Repository, string, registry.Manifest, func() (bool, error)) (bool, error) {
	w.requests.Add(1)
	return true, nil
}

// probeFrom is the size in bytes from which a blob is asked for before it is
// sent: sending a smaller one costs no more than asking.
const probeFrom = 64 << 10

// placer brings blobs into repositories, each blob once over the wire for each
// registry: whoever comes first sends it, the others wait and mount.
type placer struct {
	client *registry.Client
	w      writer
	mount  bool // mounts are wanted
	dry    bool // nothing is written
	now    func() time.Time

	monitor *Monitor

	mu    sync.Mutex
	hosts map[string]*blobHost

	blobs, bytes, mounts atomic.Int64
}

type blobHost struct {
	mu       sync.Mutex
	blobs    map[digest.Digest]*blobState
	mounted  int  // mounts that worked
	declined int  // mounts answered with an upload session
	failed   int  // mounts that nothing came of, though they were tried again and again
	refused  bool // the registry answered a mount with an error: no more of them
	deaf     bool // the same for a mount from a blob's own repository
}

// blobState is what is known of a blob at one registry. Most blobs are in one
// repository only: the maps are made when they are needed.
type blobState struct {
	first     string             // a path that has the blob, to mount from; "" for none
	others    map[string]bool    // further ones
	flights   map[string]*flight // by path: being brought there
	uploading *flight            // the one over the wire
}

type flight struct {
	done chan struct{}
	err  error
	from registry.Repository
	to   registry.Repository
}

// How many mounts, with none that worked, it takes to give up on mounting at a
// registry: declined ones, which are an answer, and failed ones, which any
// request to a registry in trouble may be.
const (
	declinedMounts = 3
	failedMounts   = 12
)

func (h *blobHost) mountable() bool {
	return !h.refused && (h.mounted > 0 || h.declined < declinedMounts && h.failed < failedMounts)
}

func (p *placer) host(name string) *blobHost {
	p.mu.Lock()
	defer p.mu.Unlock()
	h, ok := p.hosts[name]
	if !ok {
		h = &blobHost{blobs: map[digest.Digest]*blobState{}}
		p.hosts[name] = h
	}
	return h
}

func (h *blobHost) state(d digest.Digest) *blobState {
	s, ok := h.blobs[d]
	if !ok {
		s = &blobState{}
		h.blobs[d] = s
	}
	return s
}

func (s *blobState) has(path string) bool { return s.first == path || s.others[path] }

func (s *blobState) add(path string) {
	switch {
	case s.first == "":
		s.first = path
	case s.first != path:
		if s.others == nil {
			s.others = map[string]bool{}
		}
		s.others[path] = true
	}
}

func (s *blobState) remove(path string) {
	if s.first == path {
		s.first = ""
		for other := range s.others {
			s.first, path = other, other
			break
		}
	}
	delete(s.others, path)
}

// knows notes that a repository has a blob.
func (p *placer) knows(repo registry.Repository, d digest.Digest) {
	h := p.host(repo.Host)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state(d).add(repo.Path)
}

// unknown counts the blobs that would be asked for one by one: those worth
// asking for that are not known to be in the repository or, when anywhere is
// set, in any of its registry's.
func (p *placer) unknown(repo registry.Repository, blobs []ocispec.Descriptor, anywhere bool) (n int) {
	h := p.host(repo.Host)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range blobs {
		s, ok := h.blobs[b.Digest]
		if b.Size >= probeFrom && !(ok && (s.has(repo.Path) || anywhere && s.first != "")) {
			n++
		}
	}
	return n
}

// doubts forgets that a repository has a blob.
func (p *placer) doubts(repo registry.Repository, d digest.Digest) {
	h := p.host(repo.Host)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state(d).remove(repo.Path)
}

// place makes sure that a blob is in the repository to; sent says that it was
// not there before. ask makes it look for every blob first, whatever its size.
func (p *placer) place(ctx context.Context, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, ask bool) (sent bool, err error) {
	h := p.host(to.Host)
	for {
		h.mu.Lock()
		s := h.state(desc.Digest)
		near := from.Host == to.Host // the blob can be mounted from its source
		if s.has(to.Path) || near && from.Path == to.Path && !ask {
			h.mu.Unlock()
			return false, nil
		}
		mount, wait, same := "", s.flights[to.Path], true
		if wait == nil && p.mount && h.mountable() {
			switch mount = s.first; {
			case mount == "" && near:
				mount = from.Path
			case mount == "":
				wait, same = s.uploading, false
			}
		}
		if wait != nil {
			h.mu.Unlock()
			start := p.now()
			err := wait.join(ctx, same, from)
			throttle.TallyOf(ctx).Waited(throttle.WaitImage, wait.to.String(), p.now().Sub(start))
			if err != nil {
				return false, err
			}
			continue
		}
		f := &flight{done: make(chan struct{}), from: from, to: to}
		if s.flights == nil {
			s.flights = map[string]*flight{}
		}
		s.flights[to.Path] = f
		if mount == "" {
			s.uploading = f
		}
		h.mu.Unlock()

		sent, err = p.bring(ctx, h, to, desc, from, mount, ask)

		h.mu.Lock()
		if delete(s.flights, to.Path); len(s.flights) == 0 {
			s.flights = nil
		}
		if s.uploading == f {
			s.uploading = nil
		}
		if err == nil {
			s.add(to.Path)
		}
		f.err = err
		close(f.done)
		h.mu.Unlock()
		return sent, err
	}
}

// join waits for a flight. Its failure is ours when the source that we
// share could not be read, or when it went to the same repository.
func (f *flight) join(ctx context.Context, same bool, from registry.Repository) error {
	select {
	case <-f.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var source *registry.SourceError
	if errors.As(f.err, &source) {
		same = f.from == from
	}
	if same {
		return f.err
	}
	return nil
}

func (p *placer) bring(ctx context.Context, h *blobHost, to registry.Repository, desc ocispec.Descriptor, from registry.Repository, mount string, ask bool) (bool, error) {
	var session *registry.Session
	switch {
	case ask || mount == "" && desc.Size >= probeFrom:
		has, err := p.client.HasBlob(ctx, to, desc.Digest)
		if err != nil || has {
			return false, err
		}
	case mount == "" && p.mount:
		has, opened, err := p.openOrFind(ctx, h, to, desc)
		if err != nil || has {
			return false, err
		}
		session = opened
	}
	if mount != "" {
		mounted, opened, err := p.w.Mount(ctx, to, mount, desc.Digest)
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		var down *throttle.DownError
		h.mu.Lock()
		switch {
		case mounted:
			h.mounted++
		case errors.As(err, &down): // it was not asked
		case err != nil && !registry.Unavailable(err):
			h.refused = true
		case err != nil:
			h.failed++
		default:
			h.declined++
		}
		h.mu.Unlock()
		if mounted {
			p.mounts.Add(1)
			return true, nil
		}
		session = opened
	}
	p.monitor.send(desc.Size)
	if err := p.w.CopyBlob(ctx, to, desc, from, session); err != nil {
		return false, err
	}
	p.blobs.Add(1)
	p.bytes.Add(desc.Size)
	sent(ctx, desc.Size)
	return true, nil
}

// openOrFind opens the upload of a blob and finds out by the same request
// whether it is there already, left by a run that was killed: the blob is to be
// mounted from its own repository.
func (p *placer) openOrFind(ctx context.Context, h *blobHost, to registry.Repository, desc ocispec.Descriptor) (bool, *registry.Session, error) {
	h.mu.Lock()
	deaf := h.deaf
	h.mu.Unlock()
	switch {
	case deaf:
		return false, nil, nil
	case p.dry: // asks, too, to tell what a run would do
		has, err := p.client.HasBlob(ctx, to, desc.Digest)
		return has, &registry.Session{}, err
	}
	has, session, err := p.w.Mount(ctx, to, to.Path, desc.Digest)
	if ctx.Err() != nil {
		return false, nil, context.Cause(ctx)
	}
	if err != nil {
		h.mu.Lock()
		h.deaf = true
		h.mu.Unlock()
	}
	return has, session, nil
}
