package throttle

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Options configure [Hosts]. The zero value has the defaults.
type Options struct {
	// MaxPerHost limits the requests in flight to each host. The default begins
	// with [DefaultStart] and rises to [DefaultMaxPerHost] as long as the host
	// answers well. A host that throttles us (429, 503) gets fewer.
	MaxPerHost int
	// Idle ends a request or transfer without progress for this time; default
	// [DefaultIdle].
	Idle  time.Duration
	Clock Clock
	Log   *slog.Logger        // nil: discarded
	Scrub func(string) string // removes secrets from text; nil: there are none
}

// Concurrent requests to a host without a limit of the caller: at the start, and
// after the host has answered well for a while.
const (
	DefaultStart      = 16
	DefaultMaxPerHost = 64
)

// DefaultIdle ends a request or transfer without progress.
const DefaultIdle = 2 * time.Minute

// Hosts are all hosts of a client.
type Hosts struct {
	opts  Options
	start int

	mu    sync.Mutex
	known map[string]*Host
}

// NewHosts returns an empty set of hosts.
func NewHosts(opts Options) *Hosts {
	start := opts.MaxPerHost
	if opts.MaxPerHost <= 0 {
		start, opts.MaxPerHost = DefaultStart, DefaultMaxPerHost
	}
	if opts.Idle <= 0 {
		opts.Idle = DefaultIdle
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Scrub == nil {
		opts.Scrub = func(s string) string { return s }
	}
	opts.Clock = opts.Clock.WithDefaults()
	return &Hosts{opts: opts, start: start, known: map[string]*Host{}}
}

// Options returns the options with defaults filled in.
func (hs *Hosts) Options() Options { return hs.opts }

// Get returns a host by its name, such as "quay.io" or "127.0.0.1:5000".
func (hs *Hosts) Get(name string) *Host {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h, ok := hs.known[name]
	if !ok {
		h = &Host{Name: name, Slots: NewSlots(hs.start, hs.opts.MaxPerHost), Stats: &Stats{by: map[Count]int64{}}, opts: &hs.opts}
		hs.known[name] = h
	}
	return h
}

// Stats returns the requests and transfers so far, by host in order of name.
func (hs *Hosts) Stats() []HostStats {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	out := []HostStats{}
	for _, name := range slices.Sorted(maps.Keys(hs.known)) {
		h := hs.known[name]
		s := h.Stats.snapshot(name)
		s.Failing = h.breaker.failing()
		out = append(out, s)
	}
	return out
}

// Host is the state of one host.
type Host struct {
	Name  string
	Slots *Slots
	Stats *Stats
	Total Tally // of all requests

	opts    *Options
	rate    rate
	breaker breaker

	mu         sync.Mutex
	quietUntil time.Time
}

// Slot takes one of the host's slots, by a method of Slots, for a repository
// and, if a blob is sent, its size in bytes.
func (h *Host) Slot(ctx context.Context, take func(context.Context, string, int64) error, repo string, size int64) error {
	start := h.opts.Clock.Now()
	err := take(ctx, repo, size)
	TallyOf(ctx).Waited(WaitSlot, h.Name, h.opts.Clock.Now().Sub(start))
	return err
}

// turn waits until the rate and Retry-After of the host allow a request.
func (h *Host) turn(ctx context.Context, brief bool) error {
	if wait := h.rate.turn(h.opts.Clock.Now()); wait > 0 {
		h.Stats.pacedFor(wait)
		TallyOf(ctx).Waited(WaitPace, h.Name, wait)
		if err := h.opts.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
	if brief && h.QuietFor() > Shortly {
		return ErrLater
	}
	return h.Quiet(ctx)
}

// Pause delays all requests to the host for a while, as it asked for.
func (h *Host) Pause(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.opts.Clock.Now()
	if until := now.Add(d); until.After(h.quietUntil) {
		if h.quietUntil.Before(now) {
			h.quietUntil = now
		}
		longer := until.Sub(h.quietUntil)
		h.Stats.pausedFor(h.quietUntil, longer)
		h.quietUntil = until
		if longer >= d/2 { // many requests get the same answer at the same time
			h.opts.Log.Info("rate limit: waiting", "host", h.Name, "wait", d)
		}
	}
}

// QuietFor returns how long the host wants no requests from now on.
func (h *Host) QuietFor() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(h.quietUntil.Sub(h.opts.Clock.Now()), 0)
}

// Quiet waits until the host may get requests again.
func (h *Host) Quiet(ctx context.Context) error {
	for {
		wait := h.QuietFor()
		if wait == 0 {
			return nil
		}
		TallyOf(ctx).Waited(WaitAsked, h.Name, wait)
		if err := h.opts.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// Slower sends fewer requests to a host that throttles us.
func (h *Host) Slower() {
	now := h.opts.Clock.Now()
	rate, moved := h.rate.slower(now)
	if !moved {
		return // the answer to a request that was already in flight
	}
	limit := h.Slots.shrink()
	h.Stats.slowed(now, limit, rate)
	h.opts.Log.Info("reducing the request rate", "host", h.Name, "max_in_flight", limit, "requests_per_second", float64(int(rate*10+0.5))/10)
}

// went reports the result of a request to the breaker: an error means that the
// host may be down, or that it throttles us. began is when the request was
// sent.
func (h *Host) went(began time.Time, err error, throttled bool) {
	now := h.opts.Clock.Now()
	if err == nil {
		if h.breaker.success() {
			h.Stats.isBack(now)
			h.opts.Log.Info("the registry is up again", "host", h.Name)
		}
		return
	}
	if opens := h.breaker.failure(now, began, err, throttled); opens != nil {
		h.opened(opens)
	}
}

// Closed returns a [*DownError] if the host is considered down.
func (h *Host) Closed() error { return h.breaker.closed(h.Name, h.opts.Clock.Now()) }

// Down marks a host as down that could not be reached at all.
func (h *Host) Down(err error) *DownError {
	down, opens := h.breaker.trip(h.opts.Clock.Now(), err)
	down.Host = h.Name
	if opens {
		h.opened(down)
	}
	return down
}

func (h *Host) opened(down *DownError) {
	h.Stats.isDown(down.Since, down.Err.Error())
	h.opts.Log.Warn("the registry is down: requests to it fail at once until it responds again",
		"host", h.Name, "since", down.Since.Format(time.TimeOnly), "error", down.Err)
}
