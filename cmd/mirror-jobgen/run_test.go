package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// ocScript replaces oc: it accepts only the arguments that the jobs pass, and runs
// mirror.
const ocScript = `#!/bin/sh
case "$1" in -v[0-9]*) shift ;; esac
case "$1 $2" in
"image mirror") shift 2; exec mirror run "$@" ;;
"registry login")
  [ "$3" = --to ] && [ -f "$4" ] && [ $# = 4 ] && exit 0 ;;
esac
echo "oc: not what a job may call: $*" >&2
exit 64
`

// TestGeneratedJobsRun takes each periodic that is generated for
// testdata/release, with both runners, and runs it against real registries: the
// destination asks for the password that the job's secret has.
func TestGeneratedJobsRun(t *testing.T) {
	if _, err := os.Stat("/bin/bash"); err != nil {
		t.Skipf("the jobs of the runner oc need it: %v", err)
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "mirror"), "../mirror")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building mirror: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(bin, "oc"), []byte(ocScript), 0o755); err != nil {
		t.Fatal(err)
	}
	cert := newCertificate(t)
	for _, runner := range []string{"oc", "mirror"} {
		t.Run(runner, func(t *testing.T) {
			w := newWorld(t, cert, bin, runner)
			if len(w.jobs) < 4 {
				t.Fatalf("only %d jobs", len(w.jobs))
			}
			for _, p := range w.jobs {
				t.Run(p.Name, func(t *testing.T) { w.check(t, p) })
			}
		})
		if runner == "mirror" {
			t.Run("mirror in shards", func(t *testing.T) { runShards(t, cert, bin) })
		}
		t.Run(runner+" with a wrong password", func(t *testing.T) {
			w := newWorld(t, cert, bin, runner)
			const wrong = "battery staple"
			w.credentials(w.destination, wrong)
			out, code := w.run(t, w.jobs[0])
			if code == 0 {
				t.Errorf("the job does not fail:\n%s", out)
			}
			encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + wrong))
			if !strings.Contains(out, w.destination) || strings.Contains(out, wrong) || strings.Contains(out, encoded) {
				t.Errorf("the message must name the registry %s and not the password:\n%s", w.destination, out)
			}
		})
	}
}

// runShards runs the periodics of a set in two shards: together they copy what
// the set maps, and each leaves something to the other.
func runShards(t *testing.T, cert certificate, bin string) {
	const repositories = 8
	var lines strings.Builder
	for i := range repositories {
		fmt.Fprintf(&lines, "registry.ci.openshift.org/many/r%d:a quay.io/many/r%d:a\n", i, i)
	}
	w := newWorld(t, cert, bin, "mirror", "many/_job.yaml", "shards: 2\nsecret: many\n", "many/mapping_many", lines.String())
	there := func() int {
		n := 0
		for i := range repositories {
			if _, err := w.digest(t, fmt.Sprintf("%s/many/r%d", w.destination, i), "a"); err == nil {
				n++
			}
		}
		return n
	}
	var after []int
	for _, p := range w.jobs {
		if !strings.HasPrefix(p.Name, "periodic-image-mirroring-many-") {
			continue
		}
		if out, code := w.run(t, p); code != 0 {
			t.Errorf("%s: exit code %d\n%s", p.Name, code, out)
		}
		after = append(after, there())
	}
	if len(after) != 2 || after[0] == 0 || after[0] == repositories || after[1] != repositories {
		t.Errorf("of %d destinations there are, after each shard: %v", repositories, after)
	}
}

// world is a release tree whose jobs are generated, two registries, and the
// cluster with its secrets and mappings.
type world struct {
	cluster
	tree                *release.Tree
	jobsFile            string
	jobs                []periodic
	source, destination string
	http                http.RoundTripper
}

// newWorld generates the jobs for a runner, after writing further files of sets:
// a name below the folder of the sets, and its text.
func newWorld(t *testing.T, cert certificate, bin, runner string, files ...string) *world {
	t.Helper()
	w := &world{
		cluster: cluster{bin: bin, env: []string{"SSL_CERT_FILE=" + cert.cert}},
		source:  openRegistry(t, cert), destination: lockedRegistry(t, cert), http: cert.transport(t),
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/release")); err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(files); i += 2 {
		writeFile(t, filepath.Join(dir, "core-services/image-mirroring", files[i]), files[i+1])
	}
	w.correct(t, dir, runner)
	cmd := exec.Command(os.Args[0], "generate", "--prune", dir)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, out)
	}
	var err error
	if w.tree, err = release.Load(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	w.jobsFile = filepath.Join(dir, "ci-operator/jobs/infra-image-mirroring.yaml")
	w.jobs = periodics(t, w.jobsFile)
	w.configMaps = map[string]map[string]string{release.DefaultConfigMap: {}}
	for _, f := range w.tree.Mappings() {
		w.configMaps[release.DefaultConfigMap][f.Base] = string(f.Bytes())
		w.push(t, f)
	}
	w.credentials(w.destination, password)
	return w
}

// correct points the tree at the registries of the test and fixes its example
// mistakes, which would make jobs fail.
func (w *world) correct(t *testing.T, dir, runner string) {
	t.Helper()
	edit := func(pattern string, replace ...string) {
		found, err := filepath.Glob(filepath.Join(dir, "core-services/image-mirroring", pattern))
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range found {
			writeFile(t, file, strings.NewReplacer(replace...).Replace(string(readFile(t, file))))
		}
	}
	edit("*/mapping_*", "registry.ci.openshift.org/", w.source+"/", "quay.io/", w.destination+"/", "\t", " ",
		"gateway-metrics quay.io/payments/gateway:latest", "gateway-metrics "+w.destination+"/payments/metrics:latest")
	if err := os.Rename(filepath.Join(dir, "core-services/image-mirroring", "payments/mapping_gateway_operator"),
		filepath.Join(dir, "core-services/image-mirroring", "payments/mapping_payments_operator")); err != nil {
		t.Fatal(err)
	}
	edit("*/_job.yaml", "runner: mirror\n", "")
	writeFile(t, filepath.Join(dir, "core-services/image-mirroring/_mirror.yaml"), "adopted: true\nallow: {legacy: [secret]}\ndefaults:\n  runner: "+runner+"\n")
}

// credentials puts an auth file with a password into every secret that the jobs
// use.
func (w *world) credentials(host, password string) {
	auth := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	w.secrets = map[string]map[string]string{}
	for _, p := range w.jobs {
		for _, v := range p.Spec.Volumes {
			if v.Secret != nil {
				w.secrets[v.Secret.SecretName] = map[string]string{"config.json": auth, ".dockerconfigjson": auth}
			}
		}
	}
}

// push makes the sources of a mapping file: for a wildcard, two tags.
func (w *world) push(t *testing.T, f *release.MappingFile) {
	t.Helper()
	for e := range f.Entries() {
		tags := []string{e.Source.Tag}
		if e.Source.Wildcard() {
			tags = []string{"v1", "v2"}
		}
		for _, tag := range tags {
			image, err := random.Image(512, 2)
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.Write(w.reference(t, e.Source.CanonicalRepository(), tag), image, remote.WithTransport(w.http)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (w *world) reference(t *testing.T, repository, tag string) name.Tag {
	t.Helper()
	r, err := name.NewTag(repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// digest returns what a tag of a registry points to.
func (w *world) digest(t *testing.T, repository, tag string) (string, error) {
	t.Helper()
	auth := authn.FromConfig(authn.AuthConfig{Username: user, Password: password})
	if strings.HasPrefix(repository, w.source) {
		auth = authn.Anonymous
	}
	d, err := remote.Head(w.reference(t, repository, tag), remote.WithTransport(w.http), remote.WithAuth(auth))
	if err != nil {
		return "", err
	}
	return d.Digest.String(), nil
}

// check runs a job and compares every destination of the mappings that its
// pattern matches.
func (w *world) check(t *testing.T, p periodic) {
	i := slices.IndexFunc(w.tree.Jobs.Jobs, func(j *release.Job) bool { return j.Name == p.Name })
	if i < 0 {
		t.Fatal("the job is not in the file")
	}
	job := w.tree.Jobs.Jobs[i]
	before := 0
	type copied struct{ source, destination, tag, to string }
	var want []copied
	for _, f := range w.tree.Mappings() {
		picked := false
		for _, g := range job.Mappings.Globs {
			ok, err := path.Match(g.Pattern, f.Base)
			picked = picked || ok && err == nil
		}
		if !picked {
			continue
		}
		for pair := range f.Pairs() {
			tags := []string{pair.Source.Tag}
			if pair.Source.Wildcard() {
				tags = []string{"v1", "v2"}
			}
			for _, tag := range tags {
				to := pair.Destination.Tag
				if pair.Source.Wildcard() {
					to = tag
				}
				want = append(want, copied{pair.Source.CanonicalRepository(), pair.Destination.CanonicalRepository(), tag, to})
				if _, err := w.digest(t, pair.Destination.CanonicalRepository(), to); err == nil {
					before++
				}
			}
		}
	}
	if len(want) == 0 || before > 0 {
		t.Fatalf("%d destinations, %d of them there before", len(want), before)
	}
	out, code := w.run(t, p)
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	for _, c := range want {
		source, err := w.digest(t, c.source, c.tag)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.digest(t, c.destination, c.to); err != nil || got != source {
			t.Errorf("%s:%s is %s (%v), the source %s", c.destination, c.to, got, err, source)
		}
	}
	anonymous(t, w, want[0].destination, want[0].to)
	t.Logf("%d destinations have the digest of their source", len(want))
}

// anonymous makes sure that the destination does ask for a password.
func anonymous(t *testing.T, w *world, repository, tag string) {
	t.Helper()
	_, err := remote.Head(w.reference(t, repository, tag), remote.WithTransport(w.http))
	var e *transport.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusUnauthorized {
		t.Errorf("the registry lets anybody in: %v", err)
	}
}
