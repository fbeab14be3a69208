package chaos

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Network is a network in memory. Names are host:port and need no resolving.
type Network struct {
	mu        sync.Mutex
	listeners map[string]*listener
	open      atomic.Int64
}

// NewNetwork makes an empty network.
func NewNetwork() *Network { return &Network{listeners: map[string]*listener{}} }

// Open returns the number of open ends of connections.
func (n *Network) Open() int64 { return n.open.Load() }

// Listen accepts connections for a name until the listener is closed.
func (n *Network) Listen(name string) net.Listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := &listener{n: n, name: name, incoming: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[name] = l
	return l
}

// Dial connects to a name. The connection is refused if nobody listens. It has
// the type of net.Dialer.DialContext.
func (n *Network) Dial(ctx context.Context, _, name string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[name]
	n.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: address(name), Err: syscall.ECONNREFUSED}
	}
	there, back := newHalf(), newHalf()
	client := &conn{n: n, in: back, out: there, local: "client", remote: address(name)}
	server := &conn{n: n, in: there, out: back, local: address(name), remote: "client"}
	select {
	case l.incoming <- server:
		n.open.Add(2)
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: address(name), Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type listener struct {
	n        *Network
	name     string
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.incoming:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return address(l.name) }

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// half is one direction of a connection.
type half struct {
	mu      sync.Mutex
	data    []byte
	ended   bool  // nothing more comes
	err     error // both sides see it at once
	changed chan struct{}
	until   [2]time.Time // deadlines of reading and writing
}

// window is how much a half holds before its writer has to wait.
const window = 256 << 10

func newHalf() *half { return &half{changed: make(chan struct{})} }

// change calls f and wakes all waiting goroutines.
func (h *half) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	close(h.changed)
	h.changed = make(chan struct{})
}

// wait calls try, under the lock, until it returns true or the deadline is
// over.
func (h *half) wait(which int, try func() (done bool)) error {
	for {
		h.mu.Lock()
		if try() {
			h.mu.Unlock()
			return nil
		}
		deadline, changed := h.until[which], h.changed
		h.mu.Unlock()
		if deadline.IsZero() {
			<-changed
			continue
		}
		left := time.Until(deadline)
		if left <= 0 {
			return os.ErrDeadlineExceeded
		}
		timer := time.NewTimer(left)
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

const (
	reading = iota
	writing
)

type conn struct {
	n             *Network
	in, out       *half
	local, remote address
	once          sync.Once
}

func (c *conn) Read(p []byte) (n int, err error) {
	failed := c.in.wait(reading, func() bool {
		switch {
		case c.in.err != nil:
			err = c.in.err
		case len(c.in.data) > 0:
			n = copy(p, c.in.data)
			c.in.data = c.in.data[n:]
		case c.in.ended:
			err = io.EOF
		default:
			return false
		}
		return true
	})
	if failed != nil {
		return 0, failed
	}
	if n > 0 {
		c.in.change(func() {})
	}
	return n, err
}

func (c *conn) Write(p []byte) (n int, err error) {
	for n < len(p) {
		failed := c.out.wait(writing, func() bool {
			switch room := window - len(c.out.data); {
			case c.out.err != nil:
				err = c.out.err
			case c.out.ended:
				err = syscall.EPIPE
			case room > 0:
				k := min(room, len(p)-n)
				c.out.data = append(c.out.data, p[n:n+k]...)
				n += k
			default:
				return false
			}
			return true
		})
		if failed != nil {
			return n, failed
		}
		if err != nil {
			return n, err
		}
		c.out.change(func() {})
	}
	return n, nil
}

// Close ends both directions; what was written can still be read. Our own reads
// fail first, so that nothing arrives that the other side sends because of the
// end.
func (c *conn) Close() error {
	c.once.Do(func() { c.n.open.Add(-1) })
	c.in.change(func() {
		if c.in.err == nil {
			c.in.err = net.ErrClosed
			if len(c.in.data) > 0 || !c.in.ended {
				c.in.err = syscall.ECONNRESET // as TCP answers to bytes that nobody reads
			}
		}
	})
	c.out.change(func() { c.out.ended = true })
	return nil
}

// Reset resets the connection: data in flight is lost.
func (c *conn) Reset() {
	c.once.Do(func() { c.n.open.Add(-1) })
	for _, h := range []*half{c.in, c.out} {
		h.change(func() { h.err, h.data = syscall.ECONNRESET, nil })
	}
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.change(func() { c.in.until[reading] = t })
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.change(func() { c.out.until[writing] = t })
	return nil
}
