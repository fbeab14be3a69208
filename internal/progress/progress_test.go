package progress

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// screen is a terminal of 60 columns: frames are what it shows from flush to
// flush.
type screen struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	frames []string
	shown  chan struct{}
}

func (s *screen) Write(p []byte) (int, error)                 { return s.buf.Write(p) }
func (s *screen) ReadFrom(r io.Reader) (int64, error)         { return s.buf.ReadFrom(r) }
func (s *screen) IsTerminal() bool                            { return true }
func (s *screen) GetTermSize() (width, height int, err error) { return 60, 20, nil }
func (s *screen) Flush(int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, s.buf.String())
	s.buf.Reset()
	select {
	case s.shown <- struct{}{}:
	default:
	}
	return nil
}

func TestLive(t *testing.T) {
	out := &screen{shown: make(chan struct{}, 1)}
	tick := make(chan time.Time)
	shot := Snapshot{
		State:   mirror.State{Total: 8, Done: 4, Working: 2, Bytes: 4 << 20, Longest: "registry.example/a-rather-long-name/of-an-image:v1", Since: begin},
		At:      begin.Add(20 * time.Second),
		Elapsed: 20 * time.Second,
		Sent:    2 << 20,
	}
	l := newLive(io.Discard, mpb.WithConsoleWriter(out), func() Snapshot { return shot }, tick)
	if _, err := io.WriteString(l, "copied registry.example/b:1\n"); err != nil {
		t.Fatal(err)
	}
	tick <- begin
	<-out.shown
	if _, err := io.WriteString(l, "copied registry.example/c:1\n"); err != nil {
		t.Fatal(err)
	}
	l.Stop()
	lines := strings.Split(strings.TrimRight(out.frames[0], "\n"), "\n")
	if len(lines) != 4 || lines[0] != "copied registry.example/b:1" {
		t.Fatalf("the first frame is\n%s", out.frames[0])
	}
	for i, want := range []string{"", "[==========>           ] 4 of 8 images done", "[========>         ] 2.0 MiB of 4.0 MiB sent at 102.4 KiB/s", "about 20 s left · 2 running, the longest registry."} {
		if i > 0 && !strings.HasPrefix(strings.TrimSpace(lines[i]), want) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
		if n := len([]rune(lines[i])); n > 60 {
			t.Errorf("line %d has %d columns on a terminal of 60: %q", i, n, lines[i])
		}
		if strings.ContainsRune(lines[i], '\x1b') {
			t.Errorf("line %d is coloured: %q", i, lines[i])
		}
	}
	if all := strings.Join(out.frames, ""); strings.Count(all, "copied registry.example/c:1\n") != 1 {
		t.Errorf("what was written last is lost:\n%s", all)
	}
	if last := out.frames[len(out.frames)-1]; strings.Contains(last, "images done") {
		t.Errorf("the area stays on the terminal:\n%s", last)
	}
}

func TestBeat(t *testing.T) {
	tick, told := make(chan time.Time), make(chan string, 3)
	n := 0
	stop := Beat(func() Snapshot {
		n++
		return Snapshot{State: mirror.State{Total: 9, Done: n, Working: 1, Longest: "a.io/b:1", Since: begin}, At: begin.Add(75 * time.Second), Elapsed: 75 * time.Second}
	}, tick, func(s Snapshot) { told <- s.Line() })
	tick <- begin
	tick <- begin
	stop()
	if a, b := <-told, <-told; a != "1 of 9 images done, about 10 min 0 s left, 1 running, the longest a.io/b:1 (1 min 15 s)" || !strings.HasPrefix(b, "2 of 9 images done, ") {
		t.Errorf("told %q and %q", a, b)
	}
}

func TestLine(t *testing.T) {
	for want, s := range map[string]Snapshot{
		"resolving the mappings": {},
		"0 of 3 images done":     {State: mirror.State{Total: 3}},
		"0 of 3 images done, 1.0 KiB of 2.0 KiB sent, quay.io limits the rate for 12 s": {State: mirror.State{Total: 3, Bytes: 2048}, Sent: 1024,
			Paused: []Paused{{"quay.io", 12 * time.Second}}},
		"30 of 31 images done, 1 failed, 50.0 MiB of 250.0 MiB sent at 1.0 MiB/s, about 3 min 20 s left": {
			State: mirror.State{Total: 31, Done: 30, Failed: 1, Bytes: 250 << 20}, Sent: 50 << 20, Elapsed: 50 * time.Second},
		"1 of 2 images done, 0 B of 1.0 KiB sent at 0 B/s": {State: mirror.State{Total: 2, Done: 1, Bytes: 1024}, Elapsed: time.Minute},
		"15 of 30 images done":                             {State: mirror.State{Total: 30, Done: 15, Last: time.Unix(1, 0)}, At: time.Unix(36, 0), Elapsed: 36 * time.Second}, // a registry is down
		"15 of 30 images done, only errors from quay.io for 14 s": {
			State: mirror.State{Total: 30, Done: 15, Last: time.Unix(14, 0)}, At: time.Unix(15, 0), Elapsed: 15 * time.Second, Failing: []Failing{{"quay.io", 14 * time.Second}}},
		"15 of 30 images done, about 36 s left":     {State: mirror.State{Total: 30, Done: 15, Last: time.Unix(30, 0)}, At: time.Unix(36, 0), Elapsed: 36 * time.Second},
		"2 of 4 images done, about 2 h 30 min left": {State: mirror.State{Total: 4, Done: 2}, Elapsed: 150 * time.Minute},
	} {
		if got := s.Line(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestFailingRegistry names a registry that only fails, except for a moment.
func TestFailingRegistry(t *testing.T) {
	hosts := []throttle.HostStats{
		{Host: "a.invalid"}, {Host: "b.invalid", Failing: begin}, {Host: "c.invalid", Failing: begin.Add(9 * time.Second)},
	}
	s := Take(&mirror.Monitor{}, hosts, begin, begin.Add(10*time.Second))
	if want := (Failing{"b.invalid", 10 * time.Second}); len(s.Failing) != 1 || s.Failing[0] != want {
		t.Errorf("failing: %v, want %v", s.Failing, want)
	}
}
