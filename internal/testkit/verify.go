package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/opencontainers/go-digest"
)

// CompareImages walks an image from its source reference ("ns/name:tag" or
// "ns/name@digest"), by requests of its own, and reports differences of the
// destination: every manifest and blob is read on both sides, hashed, and
// compared by digest, size and bytes. It returns the number of manifests and
// blobs.
func CompareImages(src *Registry, from string, dst *Registry, to string) (n int, err error) {
	c := comparer{src: src, dst: dst, seen: map[string]bool{}}
	fromRepo, fromRef := splitPath(from)
	toRepo, toRef := splitPath(to)
	c.from, c.to = fromRepo, toRepo
	err = c.manifest(fromRef, toRef)
	return len(c.seen), err
}

// CompareReferences is CompareImages for references with the host of a running
// registry.
func CompareReferences(from, to string) (n int, err error) {
	src, fromPath, err := find(from)
	if err != nil {
		return 0, err
	}
	dst, toPath, err := find(to)
	if err != nil {
		return 0, err
	}
	return CompareImages(src, fromPath, dst, toPath)
}

func find(ref string) (*Registry, string, error) {
	host, path, _ := strings.Cut(ref, "/")
	r, ok := running.Load(host)
	if !ok {
		return nil, "", fmt.Errorf("%s: no registry of a test runs there", host)
	}
	return r.(*Registry), path, nil
}

func splitPath(s string) (repo, ref string) {
	if repo, ref, ok := strings.Cut(s, "@"); ok {
		return repo, ref
	}
	i := strings.LastIndexByte(s, ':')
	return s[:i], s[i+1:]
}

type comparer struct {
	src, dst *Registry
	from, to string
	seen     map[string]bool
}

func (c *comparer) manifest(fromRef, toRef string) error {
	want, wantType, err := c.src.fetch(c.from, "manifests/"+fromRef)
	if err != nil {
		return err
	}
	got, gotType, err := c.dst.fetch(c.to, "manifests/"+toRef)
	if err != nil {
		return err
	}
	if !bytes.Equal(want, got) {
		return fmt.Errorf("%s/%s:%s has other bytes than its source", c.dst.Host, c.to, toRef)
	}
	if wantType != gotType {
		return fmt.Errorf("%s/%s:%s is of type %s, its source %s", c.dst.Host, c.to, toRef, gotType, wantType)
	}
	digest := digestOf(got)
	if c.seen[digest] {
		return nil
	}
	c.seen[digest] = true
	if strings.HasPrefix(toRef, "sha256:") && toRef != digest {
		return fmt.Errorf("%s/%s@%s has the digest %s", c.dst.Host, c.to, toRef, digest)
	}
	type descriptor struct {
		Digest string   `json:"digest"`
		Size   int64    `json:"size"`
		URLs   []string `json:"urls"`
	}
	var m struct {
		Manifests []descriptor `json:"manifests"`
		Config    *descriptor  `json:"config"`
		Layers    []descriptor `json:"layers"`
		Blobs     []descriptor `json:"blobs"`
	}
	if err := json.Unmarshal(got, &m); err != nil {
		return err
	}
	for _, child := range m.Manifests {
		if err := c.manifest(child.Digest, child.Digest); err != nil {
			return fmt.Errorf("child of %s: %w", digest, err)
		}
	}
	if m.Config != nil {
		m.Layers = append(m.Layers, *m.Config)
	}
	for _, b := range append(m.Layers, m.Blobs...) {
		if c.seen[b.Digest] || len(b.URLs) > 0 {
			continue
		}
		c.seen[b.Digest] = true
		data, _, err := c.dst.fetch(c.to, "blobs/"+b.Digest)
		if err != nil {
			return err
		}
		if int64(len(data)) != b.Size || digestOf(data) != b.Digest {
			return fmt.Errorf("blob %s of %s/%s has %d bytes with the digest %s", b.Digest, c.dst.Host, c.to, len(data), digestOf(data))
		}
	}
	return nil
}

// Digest returns the digest of a tag's manifest, or "".
func (r *Registry) Digest(path string) string {
	repo, ref := splitPath(path)
	data, _, err := r.fetch(repo, "manifests/"+ref)
	if err != nil {
		return ""
	}
	return digestOf(data)
}

func digestOf(data []byte) string { return digest.FromBytes(data).String() }

func (r *Registry) fetch(repo, path string) (data []byte, mediaType string, err error) {
	req, err := http.NewRequest(http.MethodGet, r.Scheme+"://"+r.Host+"/v2/"+repo+"/"+path, nil)
	if err != nil {
		return nil, "", err
	}
	for _, kind := range []string{"oci.image.index.v1", "oci.image.manifest.v1", "oci.artifact.manifest.v1", "docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2"} {
		req.Header.Add("Accept", "application/vnd."+kind+"+json")
	}
	if r.User != "" {
		req.SetBasicAuth(r.User, r.Password)
	}
	var resp *http.Response
	if r.Behind != nil {
		answer := httptest.NewRecorder()
		r.Behind.ServeHTTP(answer, req)
		resp = answer.Result()
	} else if resp, err = r.Client().Do(req); err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", req.Method, req.URL, resp.Status)
	}
	return data, resp.Header.Get("Content-Type"), err
}
