// Package lens tests that Prow's lenses show our reports correctly. It is a
// package of its own because the lenses register themselves, and log that, in
// every program that links them.
package lens

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"sigs.k8s.io/prow/pkg/config"
	"sigs.k8s.io/prow/pkg/spyglass/api"

	"github.com/mirror-tools/mirror-tools/internal/testkit/htmltest"
)

// artifact is a file of a job as Prow's lenses are given it.
type artifact struct {
	name string
	data []byte
}

func (a artifact) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(a.data).ReadAt(p, off)
}
func (a artifact) ReadAtMost(n int64) ([]byte, error) {
	return a.data[:min(n, int64(len(a.data)))], nil
}
func (a artifact) ReadAll() ([]byte, error)               { return a.data, nil }
func (a artifact) ReadTail(int64) ([]byte, error)         { return nil, errors.ErrUnsupported }
func (a artifact) Size() (int64, error)                   { return int64(len(a.data)), nil }
func (a artifact) CanonicalLink() string                  { return "https://deck.example/artifacts/" + a.name }
func (a artifact) JobPath() string                        { return "artifacts/" + a.name }
func (a artifact) Metadata() (map[string]string, error)   { return nil, nil }
func (a artifact) UpdateMetadata(map[string]string) error { return errors.ErrUnsupported }

// show has a lens of Prow show a file.
func show(t *testing.T, lens api.Lens, name string, write func(*bytes.Buffer) error) *html.Node {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	pkg := "junit"
	if strings.HasSuffix(name, ".html") {
		pkg = "html"
	}
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "sigs.k8s.io/prow/pkg/spyglass/lenses/"+pkg).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	body := lens.Body([]api.Artifact{artifact{name, b.Bytes()}}, strings.TrimSpace(string(dir)), "", nil, config.Spyglass{})
	return htmltest.Parse(t, body)
}

func attribute(root *html.Node, element, key string) string {
	for _, n := range htmltest.Find(root, element) {
		return htmltest.Attr(n, key)
	}
	return ""
}
