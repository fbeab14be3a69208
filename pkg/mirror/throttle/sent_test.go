package throttle

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The bytes of a body count while they are sent, not after the answer, so that
// the progress of a large blob is visible.
func TestSentWhileUnderWay(t *testing.T) {
	hosts := NewHosts(Options{})
	h := hosts.Get("q.io")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "https://q.io/v2/a/b", strings.NewReader("0123456789"))
	if err != nil {
		t.Fatal(err)
	}
	written := func() int64 { return hosts.Stats()[0].Written }
	_, err = Observe(h, Func(func(r *http.Request) (*http.Response, error) {
		if _, err := io.ReadFull(r.Body, make([]byte, 4)); err != nil || written() != 4 {
			t.Errorf("4 bytes were read, %d are counted (%v)", written(), err)
		}
		io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody}, nil
	})).RoundTrip(r)
	if err != nil || written() != 10 {
		t.Errorf("%d bytes are counted, want 10 (%v)", written(), err)
	}
}
