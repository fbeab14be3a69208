package registry

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// TestDialTimeoutIsTriedAgain: a timeout of package net is a
// context.DeadlineExceeded, but not one of our context.
func TestDialTimeoutIsTriedAgain(t *testing.T) {
	d := net.Dialer{Timeout: 1}
	_, err := d.Dial("tcp", "127.0.0.1:1")
	if err == nil {
		t.Fatal("connected")
	}
	target := &url.URL{Scheme: "https", Host: "q.io", Path: "/v2/"}
	if err := throttle.OnTheWay("GET", target, err, nil); !throttle.Repeatable(err) {
		t.Errorf("%v is not tried again", err)
	}
}

// TestReferrersUnavailable checks that a failing registry does not count as an
// image without referrers.
func TestReferrersUnavailable(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer s.Close()
	c := New(Options{Retry: retry.Policy{PerHost: 1, Base: time.Millisecond, Max: time.Millisecond}})
	defer c.Close()
	_, _, err := c.Referrers(context.Background(), at(s), string(empty))
	if err == nil {
		t.Error("it is taken for a registry without referrers")
	}
}
