package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const testVersion = "v0.0.0-test"

// write runs the program as make does, with the commands that compile fast.
func write(t *testing.T, what, dir string, commands, platforms string) {
	t.Helper()
	err := run([]string{
		what, dir, "-source", "../..", "-commands", commands, "-platforms", platforms,
		"-version", testVersion, "-revision", "0123abc", "-created", "1700000000",
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLayout(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the commands for two architectures: left out with -short")
	}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	write(t, "-layout", first, "mirror,mirror-lint", "linux/amd64,linux/arm64")
	write(t, "-layout", second, "mirror-lint,mirror", "linux/amd64,linux/arm64")
	if a, b := hashes(t, first), hashes(t, second); !slices.Equal(a, b) {
		t.Errorf("two builds differ:\n%s\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	write(t, "-layout", second, "mirror-lint", "linux/amd64") // replaces what was there
	if err := run([]string{"-layout", dir, "-source", "../..", "-commands", "mirror-lint"}); err == nil {
		t.Error("a folder that is no layout was replaced")
	}

	path, err := layout.FromPath(first)
	if err != nil {
		t.Fatal(err)
	}
	top, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Errorf("the layout is not valid: %v", err)
	}
	m, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifests) != 1 || m.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != testVersion {
		t.Fatalf("index.json: want one index named %s, got %+v", testVersion, m.Manifests)
	}
	index, err := top.ImageIndex(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = index.IndexManifest(); err != nil {
		t.Fatal(err)
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for _, d := range m.Manifests {
		t.Run(d.Platform.Architecture, func(t *testing.T) {
			img, err := index.Image(d.Digest)
			if err != nil {
				t.Fatal(err)
			}
			checkConfig(t, img, d.Platform.Architecture)
			root := filepath.Join(t.TempDir(), "root")
			extract(t, img, root)
			checkRoot(t, root, machines[d.Platform.Architecture])
			if runtime.GOOS != "linux" || runtime.GOARCH != d.Platform.Architecture {
				t.Logf("the commands are not started: this machine is %s/%s", runtime.GOOS, runtime.GOARCH)
				return
			}
			checkCommands(t, root)
		})
	}
	if len(m.Manifests) != len(machines) {
		t.Errorf("%d images, want %d", len(m.Manifests), len(machines))
	}
}

func checkConfig(t *testing.T, img v1.Image, arch string) {
	t.Helper()
	c, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.Architecture != arch || c.OS != "linux" || c.Config.User != user || c.Created.Unix() != 1700000000 {
		t.Errorf("config is %s/%s, user %s, created %s", c.OS, c.Architecture, c.Config.User, c.Created)
	}
	for key, want := range map[string]string{"version": testVersion, "revision": "0123abc", "created": "2023-11-14T22:13:20Z"} {
		if got := c.Config.Labels["org.opencontainers.image."+key]; got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 3 || len(c.History) != 3 {
		t.Errorf("%d layers and %d entries of history, want the base and two commands", len(layers), len(c.History))
	}
}

// checkRoot checks a root file system: its files, the machine of the commands, the
// certificates and the list of components.
func checkRoot(t *testing.T, root string, machine elf.Machine) {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"etc/group", "etc/nsswitch.conf", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/bin/mirror", "usr/bin/mirror-lint",
		"usr/share/doc/mirror-tools/mirror-lint.cdx.json", "usr/share/doc/mirror-tools/mirror.cdx.json",
	}
	if !slices.Equal(files, want) {
		t.Errorf("files are %q, want %q", files, want)
	}
	for _, c := range []string{"mirror", "mirror-lint"} {
		bin, err := elf.Open(filepath.Join(root, binFolder, c))
		if err != nil {
			t.Fatal(err)
		}
		defer bin.Close()
		if bin.Machine != machine {
			t.Errorf("%s is for %s, want %s", c, bin.Machine, machine)
		}
		if libs, err := bin.ImportedLibraries(); err == nil && len(libs) > 0 || bin.Section(".interp") != nil {
			t.Errorf("%s is not static: it needs %q", c, libs)
		}
	}
	pem, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(pem, []byte("BEGIN CERTIFICATE")); n < 50 || !x509.NewCertPool().AppendCertsFromPEM(pem) {
		t.Errorf("%d certificates", n)
	}
	checkBOM(t, filepath.Join(root, docFolder, "mirror.cdx.json"), "github.com/spf13/cobra", "std")
	checkBOM(t, filepath.Join(root, docFolder, "mirror-lint.cdx.json"), "go.yaml.in/yaml/v3", "std")
}

func checkBOM(t *testing.T, file string, modules ...string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc cdx.BOM
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if v := doc.Metadata.Component.Version; v != testVersion {
		t.Errorf("%s is about version %q", file, v)
	}
	for _, m := range modules {
		if !slices.ContainsFunc(*doc.Components, func(c cdx.Component) bool { return c.Name == m && c.Version != "" }) {
			t.Errorf("%s does not name %s", file, m)
		}
	}
}

// checkCommands starts the commands in the root file system and mirrors with
// them.
func checkCommands(t *testing.T, root string) {
	for _, c := range []string{"mirror", "mirror-lint"} {
		if out := start(t, root, c, "--version"); !strings.Contains(out, testVersion) {
			t.Errorf("%s --version says %q", c, out)
		}
	}
	src, dst := serve(t), serve(t)
	img, err := random.Image(1<<16, 2)
	if err != nil {
		t.Fatal(err)
	}
	from, err := name.ParseReference(src+"/webshop/latest:web", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(from, img); err != nil {
		t.Fatal(err)
	}
	mapping := fmt.Sprintf("%s/webshop/latest:web %s/webshop/web:latest\n", src, dst)
	if err := os.WriteFile(filepath.Join(root, "etc/mapping_webshop"), []byte(mapping), 0o644); err != nil {
		t.Fatal(err)
	}
	file := "/etc/mapping_webshop"
	if !chroot() {
		file = filepath.Join(root, file)
	}
	out := start(t, root, "mirror", "run", "-f", file, "--insecure", src, "--insecure", dst)
	to, err := name.ParseReference(dst+"/webshop/web:latest", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Head(to)
	if err != nil {
		t.Fatalf("the image did not arrive: %v\n%s", err, out)
	}
	if want, _ := img.Digest(); got.Digest != want {
		t.Errorf("%s arrived, want %s", got.Digest, want)
	}
}

// serve starts a registry.
func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// start runs a command of the root file system: within it and as the image's user if
// this process may do that, else from outside.
func start(t *testing.T, root, command string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(root, binFolder, command), args...)
	if chroot() {
		confine(cmd, root, "/"+binFolder+command)
	}
	cmd.Env = []string{"PATH=/usr/bin", "HOME=/tmp"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", command, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// extract writes the flattened image to a folder.
func extract(t *testing.T, img v1.Image, root string) {
	t.Helper()
	r := mutate.Extract(img)
	defer r.Close()
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	var files []file
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.ModTime.Unix() != 1700000000 || h.Uid != 0 || !filepath.IsLocal(h.Name) {
			t.Errorf("%s: dated %s, owned by %d", h.Name, h.ModTime, h.Uid)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(h.Name, "/")
		if h.Typeflag == tar.TypeDir {
			name += "/"
		}
		files = append(files, file{name, h.FileInfo().Mode() &^ fs.ModeDir, data})
	}
	if err := writeFiles(root, files); err != nil {
		t.Fatal(err)
	}
}
