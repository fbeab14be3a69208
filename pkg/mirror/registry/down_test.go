package registry

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestDialTimeoutIsTriedAgain: net's own timeout says that it is
// context.DeadlineExceeded, which it is not of ours.
func TestDialTimeoutIsTriedAgain(t *testing.T) {
	d := net.Dialer{Timeout: 1}
	_, err := d.Dial("tcp", "127.0.0.1:1")
	if err == nil {
		t.Fatal("connected")
	}
	if err := onTheWay("GET", "https://q.io/v2/", err); !Temporary(err) {
		t.Errorf("%v is not tried again", err)
	}
}

// TestReferrersUnavailable: a registry that does not work does not tell that
// nothing refers to an image.
func TestReferrersUnavailable(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer s.Close()
	c := New(Options{Retry: Retry{PerHost: 1, Base: time.Millisecond, Max: time.Millisecond}})
	defer c.Close()
	_, _, err := c.Referrers(context.Background(), at(s), string(empty))
	if err == nil {
		t.Error("it is taken for a registry without referrers")
	}
}
