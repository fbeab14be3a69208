package retry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// scripted answers each request with the next of its steps: a status, or 0 for a
// broken connection.
type scripted struct {
	steps  []int
	header http.Header
	bodies []string
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
	}
	s.bodies = append(s.bodies, body)
	step := s.steps[0]
	s.steps = s.steps[1:]
	if step == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	header := s.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: step, Header: header, Request: r, Body: io.NopCloser(strings.NewReader(fmt.Sprint("said ", step)))}, nil
}

// waits is a clock that records waits instead of waiting.
func waits(slept *time.Duration) throttle.Clock {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return throttle.Clock{
		Now:   func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error { *slept += d; now = now.Add(d); return nil },
		Rand:  func() float64 { return 1 },
	}
}

func TestTransport(t *testing.T) {
	stream := func() io.Reader { return io.MultiReader(strings.NewReader("once")) } // has no GetBody
	for name, tt := range map[string]struct {
		steps []int
		body  io.Reader
		after string
		want  int // 0: an error
		sent  int
		slept time.Duration
	}{
		"well":                              {steps: []int{200}, want: 200, sent: 1},
		"500 and well":                      {steps: []int{500, 0, 200}, want: 200, sent: 3, slept: 1500 * time.Millisecond},
		"404":                               {steps: []int{404}, want: 404, sent: 1},
		"507 is not tried again":            {steps: []int{507}, want: 507, sent: 1},
		"413 is not tried again":            {steps: []int{413}, want: 413, sent: 1},
		"500 to the end":                    {steps: []int{500, 500, 500}, want: 500, sent: 3, slept: 1500 * time.Millisecond},
		"Retry-After":                       {steps: []int{429, 200}, after: "7", want: 200, sent: 2, slept: 7 * time.Second},
		"a body that can be sent again":     {steps: []int{500, 200}, body: strings.NewReader("text"), want: 200, sent: 2, slept: 500 * time.Millisecond},
		"a body that can be sent once":      {steps: []int{500}, body: stream(), want: 500, sent: 1},
		"a body that was lost":              {steps: []int{0}, body: stream(), sent: 1},
		"broken connections until the last": {steps: []int{0, 0, 0}, sent: 3, slept: 1500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var slept time.Duration
			next := &scripted{steps: tt.steps, header: http.Header{"Retry-After": {tt.after}}}
			hosts := throttle.NewHosts(throttle.Options{Clock: waits(&slept), MaxPerHost: 1})
			through := retry.NewTransport(next, hosts, retry.Policy{Attempts: 3})
			method := http.MethodGet
			if tt.body != nil {
				method = http.MethodPut
			}
			req, err := http.NewRequestWithContext(t.Context(), method, "https://q.invalid/v2/", tt.body)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := through.RoundTrip(req)
			var network *throttle.NetworkError
			switch {
			case tt.want == 0 && (!errors.As(err, &network) || !errors.Is(err, io.ErrUnexpectedEOF)):
				t.Errorf("error %v", err)
			case tt.want != 0 && err != nil:
				t.Error(err)
			case tt.want != 0:
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if resp.StatusCode != tt.want || string(body) != fmt.Sprint("said ", tt.want) {
					t.Errorf("%d with %q, want %d", resp.StatusCode, body, tt.want)
				}
			}
			for _, body := range next.bodies {
				if body != next.bodies[0] {
					t.Errorf("bodies %q", next.bodies)
				}
			}
			if len(next.bodies) != tt.sent || slept != tt.slept {
				t.Errorf("sent %d times, waited %v; want %d and %v", len(next.bodies), slept, tt.sent, tt.slept)
			}
			if err := hosts.Get("q.invalid").Slots.Acquire(t.Context(), "", 0); err != nil {
				t.Error("a slot is not given back")
			}
		})
	}
}
