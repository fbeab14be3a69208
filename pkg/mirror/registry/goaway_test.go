package registry

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// endAbruptly speaks HTTP/2 until the first request, sends a part of the
// answer's body, and ends the connection with GOAWAY. If stream is set, GOAWAY
// includes the request in the handled ones.
func endAbruptly(c io.ReadWriter, code http2.ErrCode, stream bool, size int, part []byte) error {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return err
	}
	f := http2.NewFramer(c, c)
	if err := f.WriteSettings(); err != nil {
		return err
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return err
		}
		if _, ok := frame.(*http2.HeadersFrame); !ok {
			continue
		}
		id := frame.Header().StreamID
		if len(part) > 0 {
			var head bytes.Buffer
			e := hpack.NewEncoder(&head)
			e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
			e.WriteField(hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(size)})
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head.Bytes(), EndHeaders: true}); err != nil {
				return err
			}
			if err := f.WriteData(id, false, part); err != nil {
				return err
			}
		}
		if !stream {
			id = 0
		}
		return f.WriteGoAway(id, code, nil)
	}
}

// interceptor hands some of the incoming connections to another server.
type interceptor struct {
	net.Listener
	taken func(net.Conn) bool
}

func (l *interceptor) Accept() (net.Conn, error) {
	for {
		if c, err := l.Listener.Accept(); err != nil || !l.taken(c) {
			return c, err
		}
	}
}

// TestAbruptGoAway checks that after a GOAWAY before or in the middle of an
// answer, requests are retried and a download continues where it broke.
func TestAbruptGoAway(t *testing.T) {
	blob := bytes.Repeat([]byte("0123456789abcdef"), 2_000)
	for name, tt := range map[string]struct {
		code   http2.ErrCode
		stream bool
		part   []byte
	}{
		"not handled":   {http2.ErrCodeNo, false, nil},
		"calm down":     {http2.ErrCodeEnhanceYourCalm, false, nil},
		"in the answer": {http2.ErrCodeInternal, true, blob[:9_000]},
		"half handled":  {http2.ErrCodeNo, true, blob[:9_000]},
		"no answer":     {http2.ErrCodeInternal, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var connections, resumed atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					if r.Header.Get("Range") != "" {
						resumed.Add(1)
					}
					http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(blob))
				}
				w.Header().Set("Connection", "close")
			}))
			server.Listener = &interceptor{server.Listener, func(c net.Conn) bool {
				if n := connections.Add(1); n != 2 && n != 3 { // the first is that of the ping
					return false
				}
				go func() {
					defer c.Close()
					if err := endAbruptly(tls.Server(c, server.TLS), tt.code, tt.stream, len(blob), tt.part); err != nil {
						t.Error(err)
					}
				}()
				return true
			}}
			c, host := http2Client(t, server)
			c.all.host(host).loop.Policy.Base = time.Millisecond
			repo := Repository{Host: host, Path: "a/b"}
			if _, err := c.all.host(host).origin.connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			c.Close() // the connection of the ping
			got, err := io.ReadAll(c.newBlobReader(t.Context(), repo, ocispec.Descriptor{Digest: digest.FromBytes(blob), Size: int64(len(blob))}))
			if err != nil || !bytes.Equal(got, blob) {
				t.Errorf("%d bytes of %d: %v", len(got), len(blob), err)
			}
			if n := connections.Load(); n != 4 {
				t.Errorf("%d connections: not ended as the test means", n)
			}
			if (resumed.Load() > 0) != (len(tt.part) > 0) {
				t.Errorf("the download went on %d times", resumed.Load())
			}
		})
	}
}
