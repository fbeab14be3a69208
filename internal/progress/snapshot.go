// Package progress shows a person how far a mirror run has come: in a live area
// of a terminal, or as a line from time to time.
//
// It promises to write nothing but whole lines where there is no terminal, to
// leave nothing of the live area behind, and to use no colour.
package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// Snapshot is a run at one moment.
type Snapshot struct {
	mirror.State
	At      time.Time
	Elapsed time.Duration // since the run began
	Sent    int64         // bytes written to registries
	Paused  []Paused
	Failing []Failing
}

// Failing is a registry from which nothing but failures has come, and for how long.
type Failing struct {
	Host string
	For  time.Duration
}

// Paused is a registry that sent Retry-After, with the remaining time.
type Paused struct {
	Host string
	Left time.Duration
}

// Take makes a snapshot of a run that began at start.
func Take(m *mirror.Monitor, hosts []throttle.HostStats, start, now time.Time) Snapshot {
	s := Snapshot{State: m.State(), At: now, Elapsed: now.Sub(start)}
	for _, h := range hosts {
		s.Sent += h.Written
		if n := len(h.Pauses); n > 0 {
			last := h.Pauses[n-1]
			if left := last.At.Add(time.Duration(last.Seconds * float64(time.Second))).Sub(now); left >= time.Second/2 {
				s.Paused = append(s.Paused, Paused{h.Host, left})
			}
		}
		if long := now.Sub(h.Failing); !h.Failing.IsZero() && long >= failing {
			s.Failing = append(s.Failing, Failing{h.Host, long})
		}
	}
	return s
}

// Line returns a snapshot in one line.
func (s Snapshot) Line() string {
	if s.Total == 0 {
		return "resolving the mappings"
	}
	parts := []string{s.images()}
	if s.Bytes > 0 {
		parts = append(parts, s.sent())
	}
	return strings.Join(append(parts, s.waiting()...), ", ")
}

func (s Snapshot) images() string {
	text := fmt.Sprintf("%d of %d images done", s.Done, s.Total)
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d failed", s.Failed)
	}
	return text
}

// sent returns how much was sent and how fast.
func (s Snapshot) sent() string {
	text := runreport.Size(s.Sent) + " sent"
	if s.Bytes > s.Sent {
		text = fmt.Sprintf("%s of %s sent", runreport.Size(s.Sent), runreport.Size(s.Bytes))
	}
	if s.Elapsed > time.Second {
		text += fmt.Sprintf(" at %s/s", runreport.Size(int64(float64(s.Sent)/s.Elapsed.Seconds())))
	}
	return text
}

// waiting returns what the run waits for, and how long it may take.
func (s Snapshot) waiting() []string {
	var out []string
	if left := s.left(); left > 0 {
		out = append(out, "about "+duration(left)+" left")
	}
	for _, p := range s.Paused {
		out = append(out, fmt.Sprintf("%s limits the rate for %s", p.Host, duration(p.Left)))
	}
	for _, f := range s.Failing {
		out = append(out, fmt.Sprintf("only errors from %s for %s", f.Host, duration(f.For)))
	}
	if s.Working > 0 {
		out = append(out, fmt.Sprintf("%d running, the longest %s (%s)", s.Working, s.Longest, duration(s.At.Sub(s.Since))))
	}
	return out
}

// failing is how long a registry has to fail before that is shown: a single failure
// is usually over with the first retry.
const failing = 2 * time.Second

// stalled is after how long without a finished image a run is not expected to go on
// as before.
const stalled = 10 * time.Second

// left estimates the rest of the time from the progress so far: from the images
// that are not done, or from the bytes that have to be sent for those that were
// started, whichever is later; 0 if it is not known: too early, if bytes have to be
// sent and none moved yet, while a registry only fails, or if nothing has finished
// for a while and no bytes are left.
func (s Snapshot) left() time.Duration {
	if s.Done == 0 || s.Elapsed < 5*time.Second || len(s.Failing) > 0 {
		return 0
	}
	images := float64(s.Elapsed) / float64(s.Done) * float64(s.Total-s.Done)
	bytes, pending := 0.0, s.Bytes-s.Sent
	if pending <= 0 && !s.Last.IsZero() && s.At.Sub(s.Last) > stalled {
		return 0
	}
	if pending > 0 {
		if s.Sent == 0 {
			return 0
		}
		bytes = float64(s.Elapsed) / float64(s.Sent) * float64(pending)
	}
	return time.Duration(max(images, bytes))
}

// duration returns a time in the two units that matter.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
