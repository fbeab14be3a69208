package strict

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
)

// upload is a blob on its way in.
type upload struct {
	name  string
	data  []byte
	state int  // changes with every chunk; part of the place where to go on
	short bool // a chunk was smaller than allowed, so it has to be the last
}

func (g api) blob(w http.ResponseWriter, r *http.Request, name, ref string) {
	g.mu.Lock()
	data, ok := g.repos.at(name).blobs[digest.Digest(ref)]
	g.mu.Unlock()
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		Refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", r.Method)
	case !ok:
		Refuse(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Docker-Content-Digest", ref)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

func (g api) upload(w http.ResponseWriter, r *http.Request, name, id string) {
	if r.Method == http.MethodPost {
		g.open(w, r, name)
		return
	}
	g.mu.Lock()
	u, ok := g.uploads[id]
	fits := ok && u.name == name && (r.Method == http.MethodGet || r.Method == http.MethodDelete || r.URL.Query().Get("state") == fmt.Sprint(u.state))
	g.mu.Unlock()
	if !fits {
		Refuse(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
		return
	}
	switch r.Method {
	case http.MethodGet:
		g.where(w, id, u, http.StatusNoContent)
	case http.MethodPatch:
		if g.take(w, r, u) {
			g.where(w, id, u, http.StatusAccepted)
		}
	case http.MethodPut:
		if g.take(w, r, u) {
			g.commit(w, r, name, id, u)
		}
	case http.MethodDelete:
		g.mu.Lock()
		delete(g.uploads, id)
		g.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		Refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", r.Method)
	}
}

// open mounts a blob or opens an upload.
func (g api) open(w http.ResponseWriter, r *http.Request, name string) {
	query := r.URL.Query()
	g.mu.Lock()
	if d := digest.Digest(query.Get("mount")); d != "" && !g.opts.NoMount {
		if data, ok := g.repos.at(query.Get("from")).blobs[d]; ok {
			g.repos.at(name).blobs[d] = data
			g.mu.Unlock()
			created(w, name, d)
			return
		}
	}
	g.serial++
	id, u := fmt.Sprint("u", g.serial), &upload{name: name}
	g.uploads[id] = u
	g.mu.Unlock()
	if query.Get("digest") != "" {
		if g.take(w, r, u) {
			g.commit(w, r, name, id, u)
		}
		return
	}
	g.where(w, id, u, http.StatusAccepted)
}

// where tells the place and the state of an upload.
func (g api) where(w http.ResponseWriter, id string, u *upload, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Header().Set("Location", fmt.Sprintf("/v2/%s/blobs/uploads/%s?state=%d", u.name, id, u.state))
	w.Header().Set("Docker-Upload-UUID", id)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(len(u.data)-1, 0)))
	if g.opts.MinChunk > 0 {
		w.Header().Set("OCI-Chunk-Min-Length", fmt.Sprint(g.opts.MinChunk))
	}
	w.WriteHeader(status)
}

// take reads the body of a request into an upload. What comes before the
// connection breaks is kept.
func (g api) take(w http.ResponseWriter, r *http.Request, u *upload) bool {
	g.mu.Lock()
	have, short := len(u.data), u.short
	g.mu.Unlock()
	if span := r.Header.Get("Content-Range"); span != "" && !strings.HasPrefix(span, fmt.Sprintf("%d-", have)) {
		w.Header().Set("Range", fmt.Sprintf("0-%d", max(have-1, 0)))
		Refuse(w, http.StatusRequestedRangeNotSatisfiable, "RANGE_INVALID", "the chunk does not begin where the last one ended")
		return false
	}
	if short && r.ContentLength > 0 {
		Refuse(w, http.StatusBadRequest, "BLOB_UPLOAD_INVALID", "a chunk before this one was too small")
		return false
	}
	data, err := io.ReadAll(r.Body)
	if g.opts.TakeAtMost > 0 && r.Method == http.MethodPatch {
		data = data[:min(int64(len(data)), g.opts.TakeAtMost)]
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	u.data = append(u.data, data...)
	u.state++
	u.short = r.Method == http.MethodPatch && int64(len(data)) < g.opts.MinChunk
	return err == nil
}

// commit ends an upload.
func (g api) commit(w http.ResponseWriter, r *http.Request, name, id string, u *upload) {
	d := digest.Digest(r.URL.Query().Get("digest"))
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.uploads, id)
	if d.Validate() != nil || d.Algorithm().FromBytes(u.data) != d {
		Refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}
	g.repos.at(name).blobs[d] = u.data
	created(w, name, d)
}

func created(w http.ResponseWriter, name string, d digest.Digest) {
	w.Header().Set("Location", "/v2/"+name+"/blobs/"+d.String())
	w.Header().Set("Docker-Content-Digest", d.String())
	w.WriteHeader(http.StatusCreated)
}
