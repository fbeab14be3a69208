// Bench compares mirror with other programs that copy images: crane, regsync and,
// if it is installed, skopeo. Two registries run as separate processes on loopback,
// each behind a proxy that counts requests and bytes. All programs copy the same
// generated images to the same destinations. Programs take turns, and each figure
// is the median of their runs.
//
// It prints one table in the form of README.md: requests, bytes read and written,
// wall time, the average number of requests in flight at both registries, processor
// time of the program, memory of its largest process, and the time of mirror divided
// by that of the program. Progress goes to standard error.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

var wayFree = way{}

// bench has what all workloads share.
type bench struct {
	bin, dir string
	runs     int // 0: the default of the workload
	peers    []string
	src, dst *registry
	notes    []string // below the table
}

func main() {
	b := &bench{}
	flag.StringVar(&b.bin, "bin", "bin", "folder with mirror, registry-distribution, peer-crane and peer-regsync")
	flag.IntVar(&b.runs, "runs", 0, "runs of each program (default: 1 to 5, by workload)")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "bench [flags] WORKLOAD...")
		for _, s := range suites {
			fmt.Fprintf(flag.CommandLine.Output(), "  %-8s %s\n", s.name, s.title)
		}
		flag.PrintDefaults()
	}
	peers := flag.String("peers", "regsync crane skopeo", "programs to compare mirror with")
	flag.Parse()
	b.peers = strings.Fields(*peers)
	if _, err := exec.LookPath("skopeo"); err != nil && slices.Contains(b.peers, "skopeo") {
		fmt.Println("skopeo is not installed and not measured: apt-get install skopeo")
		b.peers = slices.DeleteFunc(b.peers, func(p string) bool { return p == "skopeo" })
	}
	base := ""
	if _, err := os.Stat("/dev/shm"); err == nil {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "mirror-bench-")
	check(err)
	b.dir = dir
	b.src = newRegistry(filepath.Join(b.bin, "registry-distribution"), dir, "src")
	b.dst = newRegistry(filepath.Join(b.bin, "registry-distribution"), dir, "dst")
	cleanup = func() {
		b.src.stop()
		b.dst.stop()
		os.RemoveAll(dir)
	}
	defer cleanup()
	var chosen []suite
	for _, name := range flag.Args() {
		i := slices.IndexFunc(suites, func(s suite) bool { return s.name == name })
		if i < 0 {
			fail("there is no workload %s: see -help", name)
		}
		chosen = append(chosen, suites[i])
	}
	fmt.Println(header)
	for _, s := range chosen {
		fmt.Fprintln(os.Stderr, s.title)
		s.run(b)
	}
	for _, note := range b.notes {
		fmt.Printf("\n%s\n", note)
	}
}

// note adds a line below the table.
func (b *bench) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

// cleanup stops the registries and removes their data.
var cleanup = func() {}

// fail ends the program.
func fail(format string, args ...any) {
	cleanup()
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

// suite is what can be measured under one name.
type suite struct {
	name, title string
	run         func(*bench)
}

var suites = []suite{
	{"w1", "300 images that share four layers of 40 MiB, 1 MiB each, three tags for each image: first copy, nothing changed, 5 % changed", func(b *bench) {
		b.suite("W1", w1(), wayFree, 1, b.tools(16, 8), "first copy", "nothing changed", "5 % changed")
	}},
	{"w1lat", "w1, nothing changed, 30 ms for each request", func(b *bench) {
		// With 24 and 96, as many requests are in flight in total as with regsync's 16 and 64.
		tools := append(b.only("regsync", 16), mirror(b.bin, 24))
		tools = append(append(tools, b.only("regsync", 64)...), mirror(b.bin, 96), mirror(b.bin, 0))
		b.suite("W1, 30 ms a request", w1(), way{delay: 30 * time.Millisecond}, 5, tools, "nothing changed")
	}},
	{"w1far", "w1, first copy, 30 ms for each request", func(b *bench) {
		b.suite("W1, 30 ms a request", w1(), way{delay: 30 * time.Millisecond}, 1, b.tools(64, 24), "first copy")
	}},
	{"w2", "50 images of two platforms, 16 MiB each, first copy", func(b *bench) { b.suite("W2", w2(), wayFree, 3, b.tools(16, 8), "first copy") }},
	{"w3", "three images with a layer of 500 MiB, first copy", func(b *bench) {
		b.suite("W3", w3(), wayFree, 5, b.tools(16, 8), "first copy")
		b.hashing(1500 * mebibyte)
	}},
	{"w3slow", "w3, first copy, 100 MiB/s in each direction", func(b *bench) {
		b.suite("W3, 100 MiB/s each way", w3(), way{bandwidth: 100 * mebibyte}, 1, b.tools(16, 8), "first copy")
	}},
	{"big", "an image with a layer of 5 GiB, on simulated registries", func(b *bench) { b.simulate("a layer of 5 GiB", newLarge(5<<30)) }},
	{"entries", "100,000 entries with nothing to do, on simulated registries", func(b *bench) { b.simulate("100,000 entries, nothing to do", newMany(100_000)) }},
	{"w1lists", "w1, nothing changed, with and without lists of digests, on simulated registries", func(b *bench) { b.unchanged("W1 nothing changed", newPair(w1())) }},
	{"w1one", "w1, first copy within one registry", func(b *bench) { b.oneHost(w1(), b.tools(16, 8)) }},
	{"real", "3,227 tags in 244 repositories to 5,917 tags in 646, nothing changed, with and without lists of digests, on simulated registries", func(b *bench) { b.unchanged("real", newReal()) }},
	{"real10", "the same at 10 requests a second and registry; takes a quarter of an hour", func(b *bench) { b.rated("real", newReal(), 10) }},
}

// tools returns mirror and its peers. One limit of requests in flight applies to
// those that run as one process, a limit of copies to those that run once for each
// copy.
func (b *bench) tools(requests, copies int) []tool {
	out := []tool{mirror(b.bin, requests)}
	for _, p := range b.peers {
		switch p {
		case "none":
		case "regsync":
			out = append(out, regsync(b.bin, requests))
		case "crane":
			out = append(out, crane(b.bin, copies))
		case "skopeo":
			path, err := exec.LookPath("skopeo")
			check(err)
			out = append(out, skopeo(path, copies))
		default:
			fail("no program %s", p)
		}
	}
	return out
}

// oneHost measures a first copy from a registry to itself. It prints the fewest
// requests that the protocol needs: for each image a GET of the manifest and the
// mounts of its blobs, for each tag a HEAD and a push.
func (b *bench) oneHost(w *workload, tools []tool) {
	samples := map[string][]sample{}
	for range max(b.runs, 1) {
		for _, t := range tools {
			b.src.empty()
			w.push(b.src, 0)
			samples[t.String()] = append(samples[t.String()], measure(t, w, b.dir, b.src.proxy, b.src.proxy, wayFree))
			w.verify(t.String(), b.src, b.src)
		}
	}
	print("W1 first copy within one registry", tools, samples)
	tags, blobs := 0, 0
	for _, to := range w.targets {
		tags += len(to)
		blobs += w.blobs
	}
	b.note("The fewest requests of a first copy within one registry are %s.", thousands(int64(len(w.sources)+blobs+2*tags)))
}

// only are mirror and one peer, if it is measured at all.
func (b *bench) only(peer string, requests int) []tool {
	all := b.peers
	defer func() { b.peers = all }()
	b.peers = slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p != peer })
	return b.tools(requests, requests)
}

// suite measures tools in turn, in phases: "first copy", "nothing changed" and
// "5 % changed".
func (b *bench) suite(name string, w *workload, way way, runs int, tools []tool, phases ...string) {
	if b.runs > 0 {
		runs = b.runs
	}
	b.src.empty()
	w.push(b.src, 0)
	if phases[0] != "first copy" {
		b.dst.empty()
		measure(mirror(b.bin, 0), w, b.dir, b.src.proxy, b.dst.proxy, wayFree)
	}
	samples := map[string]map[string][]sample{} // by phase and tool
	for _, p := range phases {
		samples[p] = map[string][]sample{}
	}
	for range runs {
		for _, t := range tools {
			if phases[0] == "first copy" {
				b.dst.empty()
			}
			for _, p := range phases {
				if p == "5 % changed" {
					w.push(b.src, 1)
				}
				s := measure(t, w, b.dir, b.src.proxy, b.dst.proxy, way)
				samples[p][t.String()] = append(samples[p][t.String()], s)
				w.verify(t.String()+", "+p, b.src, b.dst)
				if p == "5 % changed" {
					w.push(b.src, 0)
				}
			}
		}
	}
	label, where, far := strings.Cut(name, ",")
	for _, p := range phases {
		title := label + " " + p
		if far {
			title += "," + where
		}
		print(title, tools, samples[p])
	}
}

const header = `| workload | | requests | read / written, MiB | wall | in flight | CPU | peak memory | ratio |
|---|---|---|---|---|---|---|---|---|`

// thousands writes a number with commas.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// print writes a row for each tool. The row of a peer has the time of mirror, with
// as much in flight, divided by that of the peer.
func print(phase string, tools []tool, samples map[string][]sample) {
	for _, t := range tools {
		m := middle(samples[t.String()])
		ratio := ""
		if own, ok := samples[tool{name: "mirror", jobs: t.jobs}.String()]; t.name != "mirror" {
			if !ok { // crane and skopeo count copies, not requests
				own = samples[tools[0].String()]
			}
			ratio = fmt.Sprintf("%.2f", middle(own).wall.Seconds()/m.wall.Seconds())
		}
		fmt.Printf("| %s | %s | %s | %s / %s | %.3g s | %.1f | %.3g s | %.0f MiB | %s |\n", phase, t, thousands(m.requests),
			thousands(m.read/mebibyte), thousands(m.written/mebibyte), m.wall.Seconds(), m.busy.Seconds()/m.wall.Seconds(), m.cpu.Seconds(), float64(m.memory)/mebibyte, ratio)
		phase = ""
	}
}

// middle returns the median of each figure.
func middle(all []sample) (out sample) {
	median := func(of func(*sample) int64) int64 {
		var values []int64
		for i := range all {
			values = append(values, of(&all[i]))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	out.wall = time.Duration(median(func(s *sample) int64 { return int64(s.wall) }))
	out.busy = time.Duration(median(func(s *sample) int64 { return int64(s.busy) }))
	out.cpu = time.Duration(median(func(s *sample) int64 { return int64(s.cpu) }))
	out.memory = median(func(s *sample) int64 { return s.memory })
	out.requests = median(func(s *sample) int64 { return s.requests })
	out.read = median(func(s *sample) int64 { return s.read })
	out.written = median(func(s *sample) int64 { return s.written })
	return out
}

// hashing prints how long SHA-256 of so many bytes takes on this machine.
func (b *bench) hashing(n int) {
	used := func() time.Duration {
		var u syscall.Rusage
		check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	piece := make([]byte, 256<<10)
	hash := sha256.New()
	start := used()
	for range n / len(piece) {
		hash.Write(piece)
	}
	b.note("SHA-256 of %s MiB alone takes %.2f s of the processor.", thousands(int64(n/mebibyte)), (used() - start).Seconds())
}
