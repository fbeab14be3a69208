package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// registry is a CNCF distribution in a separate process, which keeps its data in
// memory (/dev/shm), behind a proxy.
type registry struct {
	addr  string // of the registry itself
	proxy *proxy
	bin   string
	dir   string
	cmd   *exec.Cmd
	blobs map[string]descriptor // already pushed to a repository
}

func newRegistry(bin, dir, name string) *registry {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail("%v", err)
	}
	r := &registry{addr: listener.Addr().String(), bin: bin, dir: filepath.Join(dir, name)}
	listener.Close()
	r.proxy = newProxy(forward(r.addr))
	return r
}

// empty starts the registry without any content.
func (r *registry) empty() {
	r.stop()
	r.blobs = map[string]descriptor{}
	check(os.RemoveAll(r.dir))
	check(os.MkdirAll(r.dir, 0o700))
	config := filepath.Join(r.dir, "config.yml")
	check(os.WriteFile(config, fmt.Appendf(nil, `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: %q, maxthreads: 100}
  cache: {blobdescriptor: inmemory}
  maintenance: {uploadpurging: {enabled: false}}
http: {addr: %q, relativeurls: true, secret: not-a-secret}
`, r.dir, r.addr), 0o600))
	r.cmd = exec.Command(r.bin, "serve", config)
	r.cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	check(r.cmd.Start())
	for range 500 {
		if resp, err := http.Get("http://" + r.addr + "/v2/"); err == nil {
			resp.Body.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	fail("%s does not answer", r.bin)
}

func (r *registry) stop() {
	if r.cmd != nil {
		r.cmd.Process.Kill()
		r.cmd.Wait()
		r.cmd = nil
	}
}

func (r *registry) request(method, path, contentType string, body io.Reader, want int) *http.Response {
	at := path
	if path[0] == '/' {
		at = "http://" + r.addr + path
	}
	req, err := http.NewRequest(method, at, body)
	check(err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", manifestType+", "+indexType)
	resp, err := http.DefaultClient.Do(req)
	check(err)
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if resp.StatusCode != want {
		fail("%s %s: %s", method, at, resp.Status)
	}
	return resp
}

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
	configType   = "application/vnd.oci.image.config.v1+json"
)

type descriptor struct {
	MediaType string            `json:"mediaType"`
	Digest    string            `json:"digest"`
	Size      int64             `json:"size"`
	Platform  map[string]string `json:"platform,omitempty"`
}

// push writes a blob, once to each repository.
func (r *registry) push(repo, name, mediaType string, content io.Reader) descriptor {
	key := repo + " " + name
	if d, ok := r.blobs[key]; ok {
		return d
	}
	resp := r.request("POST", "/v2/"+repo+"/blobs/uploads/", "", nil, http.StatusAccepted)
	location := func() string {
		at, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
		check(err)
		return at.String()
	}
	hash := sha256.New()
	counted := &counter{Reader: io.TeeReader(content, hash)}
	resp = r.request("PATCH", location(), "application/octet-stream", counted, http.StatusAccepted)
	d := descriptor{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(hash.Sum(nil)), Size: counted.n}
	end, err := url.Parse(location())
	check(err)
	query := end.Query()
	query.Set("digest", d.Digest)
	end.RawQuery = query.Encode()
	r.request("PUT", end.String(), "", nil, http.StatusCreated)
	r.blobs[key] = d
	return d
}

type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// layer pushes a layer of so many bytes, which depend only on its name.
func (r *registry) layer(repo, name string, size int64) descriptor {
	return r.push(repo, name, layerType, io.LimitReader(rand.NewChaCha8(sha256.Sum256([]byte(name))), size))
}

// image pushes an image and returns its descriptor.
func (r *registry) image(repo, tag, name string, layers ...descriptor) descriptor {
	config := r.push(repo, "config "+name, configType, bytes.NewReader(fmt.Appendf(nil,
		`{"architecture":"amd64","os":"linux","config":{"Labels":{"name":%q}},"rootfs":{"type":"layers","diff_ids":[]}}`, name)))
	return r.manifest(repo, tag, manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": layers,
	})
}

// manifest pushes a manifest under a tag, or under its digest.
func (r *registry) manifest(repo, tag, mediaType string, content any) descriptor {
	body, err := json.Marshal(content)
	check(err)
	d := descriptor{MediaType: mediaType, Digest: digestOf(body), Size: int64(len(body))}
	if tag == "" {
		tag = d.Digest
	}
	r.request("PUT", "/v2/"+repo+"/manifests/"+tag, mediaType, bytes.NewReader(body), http.StatusCreated)
	return d
}

// digest returns the digest of a tag.
func (r *registry) digest(repo, tag string) string {
	return r.request("HEAD", "/v2/"+repo+"/manifests/"+tag, "", nil, http.StatusOK).Header.Get("Docker-Content-Digest")
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
