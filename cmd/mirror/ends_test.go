package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// process is a mirror command at work.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	mu     sync.Mutex
	output strings.Builder
	ended  chan struct{}
}

// Write takes what the process prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// start runs the command with args as a process of its own.
func start(t *testing.T, args ...string) *process { return startBinary(t, "mirror", args...) }

func startBinary(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, args...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_RUNTIME_DIR=", "REGISTRY_AUTH_FILE=", "DOCKER_CONFIG=")
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.run()
	return p
}

func (p *process) run() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() { p.cmd.Wait(); close(p.ended) }()
	p.t.Cleanup(func() { p.cmd.Process.Kill(); <-p.ended })
}

func (p *process) signal(signals ...syscall.Signal) {
	p.t.Helper()
	for _, s := range signals {
		if err := p.cmd.Process.Signal(s); err != nil {
			p.t.Fatal(err)
		}
	}
}

// until waits for something to become true. A process that has ended can no
// longer make it so.
func (p *process) until(what string, ready func() bool) {
	p.t.Helper()
	for !ready() {
		select {
		case <-p.ended:
			if !ready() {
				p.t.Fatalf("the process ended, and still not: %s; it said:\n%s", what, p.said())
			}
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// code waits for the end and gives the exit code.
func (p *process) code() int {
	p.t.Helper()
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// slow is a source of n images whose layers are given out only after the gate
// is opened, but for the first few.
type slow struct {
	src, dst *testkit.Registry
	log      testkit.Recorder // of the source
	gate     chan struct{}
	mapping  string
}

func newSlow(t *testing.T, n, free int) *slow {
	s := &slow{gate: make(chan struct{}), dst: testkit.InProcess(t, nil)}
	s.log.Fault = func(_ http.ResponseWriter, r *http.Request, class string, n int) bool {
		if class == "GET blob" && n >= free {
			select {
			case <-s.gate:
			case <-r.Context().Done():
			}
		}
		return false
	}
	s.src = testkit.InProcess(t, s.log.Wrap)
	var lines strings.Builder
	for i := range n {
		s.src.Push(t, fmt.Sprintf("a/b:%d", i), testkit.Image(t, fmt.Sprint(i), testkit.Layer(int64(i), 100)))
		fmt.Fprintf(&lines, "%s/a/b:%d %s/c/d:%d\n", s.src.Host, i, s.dst.Host, i)
	}
	s.log.Reset()
	s.mapping = filepath.Join(t.TempDir(), "mapping_slow")
	if err := os.WriteFile(s.mapping, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// check reads a report and compares it with the destination.
func (s *slow) check(t *testing.T, file string) (r mirror.Report) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for _, e := range r.Entries {
		name := strings.TrimPrefix(e.Destination, s.dst.Host+"/")
		switch got := s.dst.Digest(name); e.Outcome {
		case mirror.Copied:
			if _, err := testkit.CompareImages(s.src, strings.TrimPrefix(e.Source, s.src.Host+"/"), s.dst, name); err != nil {
				t.Errorf("%s is reported as copied: %v", name, err)
			}
		case mirror.Interrupted:
			if e.Cause != mirror.CauseInterrupted {
				t.Errorf("%s is reported as interrupted because of %s", name, e.Cause)
			}
			if got == "" {
				continue
			}
			// The push of its tag was cut off and reached the registry all the same.
			if _, err := testkit.CompareImages(s.src, strings.TrimPrefix(e.Source, s.src.Host+"/"), s.dst, name); err != nil {
				t.Errorf("%s is reported as interrupted and holds a part of it: %v", name, err)
			}
		default:
			t.Errorf("%s: %s (%s)", name, e.Outcome, e.Error)
		}
	}
	return r
}

// As Prow aborts a job: SIGINT and at once SIGTERM.
func TestEndsGently(t *testing.T) {
	const images, free = 60, 10
	s := newSlow(t, images, free)
	report := filepath.Join(t.TempDir(), "report.json")
	artifacts := t.TempDir()
	p := start(t, "run", "-f", s.mapping, "--report", report, "--artifacts", artifacts, "--grace", "1m", "--max-per-registry", "16")
	p.until("work is under way", func() bool { return s.log.Count("GET blob") > free+1 })
	p.signal(syscall.SIGINT, syscall.SIGTERM)
	p.until("the signal is told", func() bool { return strings.Contains(p.said(), "error: interrupted: running copies have ") })
	close(s.gate)
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d, want 1; it said:\n%s", code, p.said())
	}
	r := s.check(t, report)
	// Twice 16 images are worked on at a time.
	if copied, never := r.Summary[mirror.Copied], r.Summary[mirror.Interrupted]; copied == 0 || never < images-32-free {
		t.Errorf("%d were copied, %d were not", copied, never)
	}
	for _, name := range []string{"mirror-report.json", "junit_mirror.xml", "metadata.json"} {
		if _, err := os.Stat(filepath.Join(artifacts, name)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(p.said(), "interrupted, ") {
		t.Errorf("there is no summary:\n%s", p.said())
	}
}

// Copies that do not finish within the grace period are cancelled.
func TestEndsAfterGrace(t *testing.T) {
	s := newSlow(t, 40, 4)
	report := filepath.Join(t.TempDir(), "report.json")
	p := start(t, "run", "-f", s.mapping, "--report", report, "--grace", "50ms")
	p.until("work is under way", func() bool { return s.log.Count("GET blob") > 5 })
	p.signal(syscall.SIGINT, syscall.SIGTERM)
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d, want 1; it said:\n%s", code, p.said())
	}
	if r := s.check(t, report); r.Summary[mirror.Interrupted] < 40-4 {
		t.Errorf("%v", r.Summary)
	}
}

// At --timeout, the run ends with its reports, and unfinished entries have the
// reason.
func TestEndsByTimeout(t *testing.T) {
	s := newSlow(t, 40, 4)
	report := filepath.Join(t.TempDir(), "report.json")
	p := start(t, "run", "-f", s.mapping, "--report", report, "--timeout", "300ms")
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d, want 1; it said:\n%s", code, p.said())
	}
	r := s.check(t, report)
	if r.Summary[mirror.Interrupted] < 40-4 {
		t.Errorf("%v", r.Summary)
	}
	for _, e := range r.Entries {
		if e.Outcome == mirror.Interrupted && !strings.Contains(e.Error, "--timeout reached") {
			t.Errorf("%s: %s", e.Destination, e.Error)
		}
	}
}

// A third signal does not wait for the grace period.
func TestEndsAtOnceByThirdSignal(t *testing.T) {
	s := newSlow(t, 5, 0)
	p := start(t, "run", "-f", s.mapping, "--grace", "24h")
	p.until("work is under way", func() bool { return s.log.Count("GET blob") > 0 })
	for _, told := range []string{"error: interrupted", ""} {
		p.signal(syscall.SIGTERM) // one after the other: equal signals become one while they wait
		p.until("the signal is told", func() bool { return strings.Contains(p.said(), told) })
	}
	select {
	case <-p.ended:
		t.Fatalf("two signals ended it: %s", p.said())
	case <-time.After(200 * time.Millisecond):
	}
	p.signal(syscall.SIGINT)
	if code := p.code(); code != 3 || !strings.Contains(p.said(), "error: ended at once by a third signal") {
		t.Errorf("exit code %d: %s", code, p.said())
	}
}

// One signal ends waiting for standard input.
func TestEndsWhileItReads(t *testing.T) {
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer w.Close()
	p := &process{t: t, cmd: exec.Command("mirror", "run", "-f", "-"), ended: make(chan struct{})}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = in, p, p
	p.run()
	w.WriteString("# a line, and no end\n")
	time.Sleep(100 * time.Millisecond) // until it reads; before, the signal ends it, too
	p.signal(syscall.SIGINT)
	if code := p.code(); code == 0 || code == 1 {
		t.Errorf("exit code %d: %s", code, p.said())
	}
}
