package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// The programs are of the version whose types the commands use.
func TestVersionOfProw(t *testing.T) {
	version := regexp.MustCompile(`(?m)^\s*(?:require )?sigs\.k8s\.io/prow (\S+)`)
	ours := version.FindSubmatch(readFile(t, "../../go.mod"))
	tools := version.FindSubmatch(readFile(t, "../../tools/prow/go.mod"))
	if ours == nil || tools == nil || string(ours[1]) != string(tools[1]) {
		t.Errorf("go.mod has %q, tools/prow/go.mod %q", ours, tools)
	}
}

// prowPrograms are Prow's own programs.
type prowPrograms struct{ dir, config string }

// openProw returns the programs that "make test-prow" has built, or skips the test.
func openProw(t *testing.T) prowPrograms {
	t.Helper()
	dir := os.Getenv("MIRROR_TEST_PROW")
	if dir == "" {
		t.Skip("Prow's programs are not built: make test-prow builds them")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	config, err := filepath.Abs("../../pkg/jobgen/prow-config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return prowPrograms{dir, config}
}

func (p prowPrograms) output(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(filepath.Join(p.dir, program), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, stderr.Bytes())
	}
	return out
}

// pod makes the Pod of a job as Prow does; local ones leave their artifacts in a
// folder instead of a bucket.
func (p prowPrograms) pod(t *testing.T, jobs, name string, local bool) []byte {
	t.Helper()
	job := filepath.Join(t.TempDir(), "job.yaml")
	writeFile(t, job, string(p.output(t, "mkpj", "--config-path="+p.config, "--job-config-path="+jobs, "--job="+name)))
	args := []string{"--prow-job=" + job, "--build-id=1"}
	if local {
		args = append(args, "--local", "--out-dir="+t.TempDir())
	}
	return p.output(t, "mkpod", args...)
}

var jobName = regexp.MustCompile(`(?m)^  name: (\S+)$`)

// TestProwTakesJobs has Prow's own programs check the jobs of all runners and of
// the real trees and make their Pods, which Kubernetes would create.
func TestProwTakesJobs(t *testing.T) {
	prow := openProw(t)
	trees := map[string]string{}
	for _, runner := range []string{"oc", "entrypoint", "mirror"} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("../../testdata/release")); err != nil {
			t.Fatal(err)
		}
		w := world{}
		w.correct(t, dir, runner)
		file := filepath.Join(dir, "core-services/image-mirroring/_mirror.yaml")
		writeFile(t, file, string(readFile(t, file))+"entrypoint: {image: registry.example.org/tools/mirroring:7}\n")
		runSelf(t, "generate", "--prune", dir)
		trees[runner] = dir
	}
	for _, name := range []string{"2020-08", "2022-12", "2024-05"} {
		trees[name] = testkit.CorpusTree(t, "release-"+name+".tar.gz")
		runSelf(t, "import", trees[name])
		runSelf(t, "generate", trees[name])
	}
	pods := t.TempDir()
	var files []string
	for name, dir := range trees {
		jobs := filepath.Join(dir, "ci-operator/jobs/infra-image-mirroring.yaml")
		// Prow checks the health of a cluster in the deployment's bucket, and
		// tests contact no real host.
		prow.output(t, "checkconfig", "--strict", "--exclude-warning=validate-cluster-field", "--config-path="+prow.config, "--job-config-path="+jobs)
		names := jobName.FindAllStringSubmatch(string(readFile(t, jobs)), -1)
		if len(names) < 3 {
			t.Errorf("%s has %d jobs only", name, len(names))
		}
		for _, m := range names {
			file := filepath.Join(pods, name+"-"+m[1]+".yaml")
			writeFile(t, file, string(prow.pod(t, jobs, m[1], false)))
			files = append(files, file)
		}
	}
	if _, err := os.Stat(filepath.Join(prow.dir, "podcheck")); err != nil {
		t.Skipf("whether Kubernetes would create the %d Pods is not known: %v", len(files), err)
	}
	t.Logf("%s", prow.output(t, "podcheck", files...))
}

// runSelf runs the command.
func runSelf(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mirror-jobgen %v: %v\n%s", args, err, out)
	}
}

// decorated is what is left of a job that ran with Prow's utilities.
type decorated struct {
	log      string
	marker   string
	passed   bool
	files    map[string]bool // artifacts by base name
	finished map[string]any
}

// TestProwRunsMirror runs a job of the runner mirror as Prow does: initupload,
// then entrypoint around the job's command, and sidecar beside it. However it
// ends, its reports are among the artifacts.
func TestProwRunsMirror(t *testing.T) {
	prow := openProw(t)
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "mirror"), "../mirror").CombinedOutput(); err != nil {
		t.Fatalf("building mirror: %v\n%s", err, out)
	}
	cert := newCertificate(t)
	const good = "registry.ci.openshift.org/team/app:latest quay.io/team/app:latest\n"
	for name, test := range map[string]struct {
		settings, mapping string
		stuck             bool // one source never answers
		signal            syscall.Signal
		marker            string
	}{
		"success":        {mapping: good, marker: "0"},
		"missing source": {mapping: good + "registry.ci.openshift.org/team/app:absent quay.io/team/app:absent\n", marker: "1"},
		"timeout":        {mapping: good, stuck: true, settings: "timeout: 3s\ngrace_period: 8s\n", marker: "127"},
		"SIGTERM":        {mapping: good, stuck: true, settings: "grace_period: 8s\n", signal: syscall.SIGTERM, marker: "130"},
		"short grace":    {mapping: good, stuck: true, settings: "grace_period: 2s\n", signal: syscall.SIGTERM, marker: "130"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := "runner: mirror\nsecret: team-robot\n" + test.settings
			w := newWorld(t, cert, bin, "mirror", "team/_job.yaml", settings, "team/mapping_team", test.mapping)
			var asked <-chan struct{}
			if test.stuck {
				var host string
				host, asked = silent(t)
				w.configMaps[release.DefaultConfigMap]["mapping_team_stuck"] = host + "/team/app:latest " + w.destination + "/team/stuck:latest\n"
			}
			if name == "missing source" {
				w.forget(t, "team/app", "absent")
			}
			got := w.runDecorated(t, prow, "periodic-image-mirroring-team", test.signal, asked)
			if got.marker != test.marker || got.passed != (test.marker == "0") {
				t.Errorf("the marker is %q, passed %v; want %q\n%s", got.marker, got.passed, test.marker, got.log)
			}
			for _, file := range []string{"junit_mirror.xml", "mirror-summary.html", "metadata.json"} {
				if !got.files[file] {
					t.Errorf("no artifact %s among %v\n%s", file, got.files, got.log)
				}
			}
		})
	}
}

// silent returns the address of a registry that accepts connections and never
// responds, and a channel that is closed at the first connection.
func silent(t *testing.T) (string, <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{})
	go func() {
		var held []net.Conn
		for {
			conn, err := l.Accept()
			if err != nil {
				for _, c := range held {
					c.Close()
				}
				return
			}
			if held = append(held, conn); len(held) == 1 {
				close(asked)
			}
		}
	}()
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), asked
}

// forget deletes a tag of the source.
func (w *world) forget(t *testing.T, repository, tag string) {
	t.Helper()
	if err := remote.Delete(w.reference(t, w.source+"/"+repository, tag), remote.WithTransport(w.http)); err != nil {
		t.Fatal(err)
	}
}

// prowPod is what is needed of a Pod to run its containers.
type prowPod struct {
	Spec struct {
		Containers     []prowContainer `json:"containers"`
		InitContainers []prowContainer `json:"initContainers"`
	} `json:"spec"`
}

type prowContainer struct {
	Name string `json:"name"`
	Env  []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"env"`
}

// runDecorated runs a job with Prow's utilities below a folder of its own. A
// signal is sent to the entry point once the job's own command is running, as
// kubelet sends one when the Pod is deleted.
func (w *world) runDecorated(t *testing.T, prow prowPrograms, name string, signal syscall.Signal, asked <-chan struct{}) decorated {
	t.Helper()
	var pod prowPod
	if err := yaml.Unmarshal(prow.pod(t, w.jobsFile, name, true), &pod); err != nil {
		t.Fatal(err)
	}
	var job periodic
	for _, p := range w.jobs {
		if p.Name == name {
			job = p
		}
	}
	l := w.layOut(t, job)
	for _, dir := range []string{"logs/artifacts", "output"} {
		mkdir(t, filepath.Join(l.root, dir))
	}
	move := strings.NewReplacer(append(l.moved, "/logs/", l.root+"/logs/", "/output", l.root+"/output")...)
	start := func(program string, c prowContainer, extra ...string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command(filepath.Join(prow.dir, program))
		cmd.Dir, cmd.Env = l.root, append(append([]string{}, l.env...), extra...)
		for _, e := range c.Env {
			if strings.HasSuffix(e.Name, "_OPTIONS") || e.Name == "ARTIFACTS" {
				e.Value = move.Replace(e.Value)
			}
			if e.Name != "HOME" && e.Name != "GOPATH" {
				cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
			}
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &out
	}
	if cmd, out := start("initupload", pod.Spec.InitContainers[0]); cmd.Wait() != nil {
		t.Fatalf("initupload: %s", out)
	}
	var side *exec.Cmd
	var sideOut *bytes.Buffer
	var entry *exec.Cmd
	var out *bytes.Buffer
	for _, c := range pod.Spec.Containers {
		if c.Name == "sidecar" {
			side, sideOut = start("sidecar", c)
		} else {
			entry, out = start("entrypoint", c)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- entry.Wait() }() // its code is in the marker
	if signal != 0 {
		select {
		case <-asked:
		case <-ended:
			t.Fatalf("the job ended before the signal:\n%s", out)
		}
		if err := entry.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	<-ended
	if err := side.Wait(); err != nil {
		t.Logf("sidecar: %v", err) // as the job has failed
	}
	got := decorated{log: out.String() + sideOut.String(), files: map[string]bool{}}
	got.marker = strings.TrimSpace(string(readFile(t, filepath.Join(l.root, "logs/marker-file.txt"))))
	err := filepath.WalkDir(filepath.Join(l.root, "output"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Name() == "finished.json" {
			if err := json.Unmarshal(readFile(t, file), &got.finished); err != nil {
				return err
			}
		}
		if strings.Contains(filepath.ToSlash(file), "/artifacts/") {
			got.files[d.Name()] = true
		}
		return nil
	})
	if err != nil || got.finished == nil {
		t.Fatalf("no finished.json: %v\n%s", err, got.log)
	}
	got.passed, _ = got.finished["passed"].(bool)
	return got
}
