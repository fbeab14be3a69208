package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tool is a program that copies, with the limit of requests, or of copies, in
// flight; 0 is its own default.
type tool struct {
	name     string
	jobs     int
	commands func(w *workload, dir, src, dst string) [][]string
}

func (t tool) String() string {
	if t.jobs == 0 {
		return t.name
	}
	return fmt.Sprintf("%s, %d", t.name, t.jobs)
}

func mirror(bin string, jobs int) tool {
	return tool{"mirror", jobs, func(w *workload, dir, src, dst string) [][]string {
		command := []string{filepath.Join(bin, "mirror"), "run", "-q", "-f", w.mapping(dir, src, dst)}
		if jobs > 0 {
			command = append(command, fmt.Sprint("--max-per-registry=", jobs))
		}
		return [][]string{command}
	}}
}

func regsync(bin string, jobs int) tool {
	return tool{"regsync", jobs, func(w *workload, dir, src, dst string) [][]string {
		var b strings.Builder
		b.WriteString("version: 1\ncreds:\n")
		for _, host := range []string{src, dst} {
			fmt.Fprintf(&b, "- {registry: %q, tls: disabled, reqConcurrent: %d}\n", host, jobs)
		}
		fmt.Fprintf(&b, "defaults: {parallel: %d, fastCheck: true, skipDockerConfig: true, interval: 60m}\nsync:\n", jobs)
		for _, p := range w.pairs(src, dst) {
			fmt.Fprintf(&b, "- {source: %q, target: %q, type: image}\n", p[0], p[1])
		}
		file := filepath.Join(dir, "regsync.yml")
		check(os.WriteFile(file, []byte(b.String()), 0o600))
		return [][]string{{filepath.Join(bin, "peer-regsync"), "once", "-c", file}}
	}}
}

func crane(bin string, jobs int) tool {
	return tool{"crane", jobs, func(w *workload, _, src, dst string) (out [][]string) {
		for _, p := range w.pairs(src, dst) {
			out = append(out, []string{filepath.Join(bin, "peer-crane"), "copy", p[0], p[1]})
		}
		return out
	}}
}

func skopeo(path string, jobs int) tool {
	return tool{"skopeo", jobs, func(w *workload, _, src, dst string) (out [][]string) {
		for _, p := range w.pairs(src, dst) {
			out = append(out, []string{path, "--insecure-policy", "copy", "-q", "--all", "--preserve-digests",
				"--src-tls-verify=false", "--dest-tls-verify=false", "docker://" + p[0], "docker://" + p[1]})
		}
		return out
	}}
}

// peak watches a process and, when it has ended, returns its maximum memory in
// bytes. The figure of the kernel includes the memory of this program, which the
// process shared between fork and exec.
func peak(pid int) func() int64 {
	result := make(chan int64, 1)
	go func() {
		most := int64(0)
		for {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, after, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found {
				result <- most << 10
				return
			}
			var kib int64
			fmt.Sscan(after, &kib)
			most = max(most, kib)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() int64 { return <-result }
}

// sample is what one run of a tool took.
type sample struct {
	wall, cpu     time.Duration
	memory        int64 // bytes, of the largest process
	requests      int64
	busy          time.Duration // of all requests together
	read, written int64         // bytes of the bodies from the source and to the destination
}

// measure runs a tool once.
func measure(t tool, w *workload, dir string, src, dst *proxy, way way) sample {
	commands := t.commands(w, dir, src.addr, dst.addr)
	src.reset(way)
	dst.reset(way)
	var s sample
	var mu sync.Mutex
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range min(max(t.jobs, 1), len(commands)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(commands); i = next.Add(1) - 1 {
				cmd := exec.Command(commands[i][0], commands[i][1:]...)
				var output bytes.Buffer
				cmd.Stdout, cmd.Stderr = &output, &output
				check(cmd.Start())
				memory := peak(cmd.Process.Pid)
				if err := cmd.Wait(); err != nil {
					fail("%s: %v\n%s", t, err, output.String())
				}
				mu.Lock()
				s.cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
				s.memory = max(s.memory, memory())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	s.wall = time.Since(start)
	s.requests, s.busy = src.requests.Load(), time.Duration(src.busy.Load())
	if dst != src {
		s.requests += dst.requests.Load()
		s.busy += time.Duration(dst.busy.Load())
	}
	s.read, s.written = src.received.Load(), dst.sent.Load()
	src.reset(wayFree)
	dst.reset(wayFree)
	return s
}
