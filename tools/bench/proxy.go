package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// proxy forwards requests to a registry. It counts them and the bytes of their
// bodies, and adds a delay and a limit of bandwidth.
type proxy struct {
	addr     string
	delay    atomic.Int64 // nanoseconds for each request
	up, down throttle

	requests, sent, received atomic.Int64 // received by the client
	busy                     atomic.Int64 // nanoseconds, summed over the requests
}

func newProxy(handler http.Handler) *proxy {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail("%v", err)
	}
	p := &proxy{addr: listener.Addr().String()}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		start := time.Now()
		defer func() { p.busy.Add(int64(time.Since(start))) }()
		time.Sleep(time.Duration(p.delay.Load()))
		r.Body = &countedBody{r.Body, p}
		handler.ServeHTTP(&countedWriter{w, p}, r)
	}))
	return p
}

// forward forwards requests to a registry.
func forward(address string) http.Handler {
	target := &url.URL{Scheme: "http", Host: address}
	buffers := &bufferPool{sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}}
	return &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10},
		BufferPool: buffers,
		ErrorLog:   log.New(io.Discard, "", 0),
	}
}

type bufferPool struct{ sync.Pool }

func (b *bufferPool) Get() []byte  { return *b.Pool.Get().(*[]byte) }
func (b *bufferPool) Put(p []byte) { b.Pool.Put(&p) }

// reset sets the counters to zero.
func (p *proxy) reset(w way) {
	p.requests.Store(0)
	p.busy.Store(0)
	p.sent.Store(0)
	p.received.Store(0)
	p.delay.Store(int64(w.delay))
	p.up.rate.Store(w.bandwidth)
	p.down.rate.Store(w.bandwidth)
}

// way is the network between a client and a registry.
type way struct {
	delay     time.Duration // of each request
	bandwidth int64         // bytes a second in each direction; 0: no limit
}

type countedBody struct {
	io.ReadCloser
	p *proxy
}

func (b *countedBody) Read(data []byte) (int, error) {
	n, err := b.ReadCloser.Read(data)
	b.p.sent.Add(int64(n))
	b.p.up.wait(n)
	return n, err
}

type countedWriter struct {
	http.ResponseWriter
	p *proxy
}

func (w *countedWriter) Write(data []byte) (int, error) {
	w.p.down.wait(len(data))
	n, err := w.ResponseWriter.Write(data)
	w.p.received.Add(int64(n))
	return n, err
}

// Unwrap lets the proxy flush.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// throttle limits the bytes a second.
type throttle struct {
	rate atomic.Int64
	mu   sync.Mutex
	next time.Time
}

func (t *throttle) wait(n int) {
	rate := t.rate.Load()
	if rate == 0 || n == 0 {
		return
	}
	t.mu.Lock()
	if now := time.Now(); t.next.Before(now) {
		t.next = now
	}
	t.next = t.next.Add(time.Duration(n) * time.Second / time.Duration(rate))
	until := t.next
	t.mu.Unlock()
	time.Sleep(time.Until(until))
}
