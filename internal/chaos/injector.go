package chaos

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// Injector spoils some of a registry's responses.
type Injector struct {
	Seed uint64
	// Rate is the share of requests that are spoilt, 0 to 1.
	Rate float64
	// Stuck is the share of objects (a blob, a tag; not single requests) that
	// are spoilt in every request.
	Stuck float64
	// Kinds are the faults to choose from; nil: all.
	Kinds []*Kind
	// CDN is the URL of a server with the same content, for redirects there.
	CDN string
	// Revoke invalidates the registry's tokens; nil: it has none.
	Revoke func()

	mu    sync.Mutex
	asked map[string]int
	hits  map[string]int
	calm  bool
}

// Calm ends or resumes the spoiling.
func (in *Injector) Calm(yes bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.calm = yes
}

// Hits is how often each kind of fault was used.
func (in *Injector) Hits() map[string]int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return maps.Clone(in.hits)
}

// Total is how many requests were spoilt.
func (in *Injector) Total() int {
	n := 0
	for _, k := range in.Hits() {
		n += k
	}
	return n
}

// Wrap puts the injector before a registry.
func (in *Injector) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		class := testkit.Class(r)
		if r.URL.Path == "/token" {
			class = "token"
		}
		kind, dice := in.choose(class, r)
		if kind == nil {
			h.ServeHTTP(w, r)
			return
		}
		f := &Fault{w: w, r: r, class: class, inner: h, dice: dice, in: in}
		if !kind.early {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			f.body = body
		}
		kind.do(f)
	})
}

// choose decides on a request by the seed, its class, its object, and the
// number of earlier requests for that.
func (in *Injector) choose(class string, r *http.Request) (*Kind, *rand.Rand) {
	key := class + " " + r.URL.Path
	if repo, _, ok := strings.Cut(r.URL.Path, "/blobs/uploads/"); ok {
		query := r.URL.Query()
		key = class + " " + repo + " " + query.Get("digest") + query.Get("mount")
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.asked == nil {
		in.asked, in.hits = map[string]int{}, map[string]int{}
	}
	n := in.asked[key]
	in.asked[key]++
	if in.calm {
		return nil, nil
	}
	dice := in.dice(key, -1)
	if dice.Float64() >= in.Stuck {
		if dice = in.dice(key, n); dice.Float64() >= in.Rate {
			return nil, nil
		}
	}
	kinds := in.Kinds
	if kinds == nil {
		kinds = Kinds()
	}
	kinds = slices.DeleteFunc(slices.Clone(kinds), func(k *Kind) bool {
		return !k.applies(class) || k.redirects && in.CDN == "" || k.revokes && in.Revoke == nil
	})
	if len(kinds) == 0 {
		return nil, nil
	}
	for _, k := range kinds { // those for one class have few chances
		if len(k.on) == 1 {
			kinds = append(kinds, k, k, k)
		}
	}
	kind := kinds[dice.IntN(len(kinds))]
	in.hits[kind.Name]++
	return kind, dice
}

func (in *Injector) dice(key string, n int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d", in.Seed, key, n)
	return rand.New(rand.NewPCG(in.Seed, h.Sum64()))
}

// Fault is one spoilt request.
type Fault struct {
	w     http.ResponseWriter
	r     *http.Request
	class string
	inner http.Handler
	body  []byte
	dice  *rand.Rand
	in    *Injector
}

// answer lets the registry handle the request and returns its response.
func (f *Fault) answer() *httptest.ResponseRecorder {
	r := f.r.Clone(f.r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(f.body)), int64(len(f.body))
	rec := httptest.NewRecorder()
	f.inner.ServeHTTP(rec, r)
	return rec
}

// write sends a response. A wrong length shows only at the end of the
// connection.
func (f *Fault) write(rec *httptest.ResponseRecorder) {
	maps.Copy(f.w.Header(), rec.Header())
	f.w.WriteHeader(rec.Code)
	f.w.Write(rec.Body.Bytes())
}

func (f *Fault) say(status int, kind, body string) {
	f.w.Header().Set("Content-Type", kind)
	f.w.WriteHeader(status)
	io.WriteString(f.w, body)
}

// refuse responds with a status and one of the bodies of registries and their
// proxies.
func (f *Fault) refuse(status int) {
	switch f.dice.IntN(4) {
	case 0:
		f.say(status, "application/json", `{"errors":[{"code":"UNKNOWN","message":"chaos","detail":null}]}`)
	case 1:
		f.say(status, "text/html", "<html><body><h1>"+http.StatusText(status)+"</h1></body></html>")
	case 2:
		f.say(status, "application/json", `{"errors":[{"code":`)
	default:
		f.say(status, "text/plain", "chaos\x1b[31m\r\n")
	}
}

// connection takes the connection from the server. If that is not possible
// (HTTP/2), it resets the stream.
func (f *Fault) connection() net.Conn {
	c, _, err := http.NewResponseController(f.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return c
}

func (f *Fault) reset() {
	c := f.connection()
	switch c := c.(type) {
	case interface{ Reset() }:
		c.Reset()
	case *net.TCPConn:
		c.SetLinger(0)
		c.Close()
	default:
		c.Close()
	}
}

// raw writes bytes that are not a valid response and ends the connection.
func (f *Fault) raw(text string) {
	c := f.connection()
	io.WriteString(c, text)
	c.Close()
}

// stall does nothing until the client is gone or d is over.
func (f *Fault) stall(d time.Duration) {
	select {
	case <-f.r.Context().Done():
	case <-time.After(d):
	}
}

// cut sends part of an answer's body under the length of the whole, and then
// breaks the connection off.
func (f *Fault) cut(rec *httptest.ResponseRecorder, n int, end func()) {
	maps.Copy(f.w.Header(), rec.Header())
	f.w.Header().Set("Content-Length", fmt.Sprint(rec.Body.Len()))
	f.w.WriteHeader(rec.Code)
	f.w.Write(rec.Body.Bytes()[:n])
	http.NewResponseController(f.w).Flush()
	end()
}

// part sends a registry only the beginning of the client's request, as if the
// connection to the client broke.
func (f *Fault) part() {
	if len(f.body) > 0 {
		f.body = f.body[:f.dice.IntN(len(f.body))]
	}
	if f.r.Method == http.MethodPut {
		f.r.Method = http.MethodPatch
		query := f.r.URL.Query()
		query.Del("digest")
		f.r.URL.RawQuery = query.Encode()
	}
	f.r.Header.Del("Content-Range")
}
