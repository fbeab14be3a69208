package strict

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
)

var (
	namePattern = regexp.MustCompile(`^[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	tagPattern  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	pathPattern = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs/uploads|blobs|tags|referrers)/([^/]*)$`)
)

const ociIndex = "application/vnd.oci.image.index.v1+json"

// api answers requests with what the registry holds.
type api struct{ *Registry }

// ServeHTTP implements [http.Handler].
func (g *Registry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	api{g}.route(w, r)
}

// route gives a request to the part of the specification that it names.
func (g api) route(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2/" {
		w.WriteHeader(http.StatusOK)
		return
	}
	if g.opts.MaxBody > 0 && r.ContentLength > g.opts.MaxBody {
		w.Header().Set("Connection", "close")
		http.Error(w, "<html><h1>413 Request Entity Too Large</h1></html>", http.StatusRequestEntityTooLarge)
		return
	}
	match := pathPattern.FindStringSubmatch(r.URL.Path)
	if match == nil || !namePattern.MatchString(match[1]) {
		Refuse(w, http.StatusNotFound, "NAME_INVALID", "no such place")
		return
	}
	name, kind, ref := match[1], match[2], match[3]
	switch kind {
	case "manifests":
		g.manifest(w, r, name, ref)
	case "blobs/uploads":
		g.upload(w, r, name, ref)
	case "blobs":
		g.blob(w, r, name, ref)
	case "tags":
		g.tags(w, r, name)
	case "referrers":
		g.referrers(w, r, name, ref)
	}
}

// Refuse answers with an error in the specification's form.
func Refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}})
}

func (g api) manifest(w http.ResponseWriter, r *http.Request, name, ref string) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		g.mu.Lock()
		repo := g.repos.at(name)
		d, tagged := repo.tags[ref]
		if !tagged {
			d = digest.Digest(ref)
		}
		m, ok := repo.manifests[d]
		g.mu.Unlock()
		if !ok || !strings.Contains(strings.Join(r.Header.Values("Accept"), ","), m.mediaType) {
			Refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
			return
		}
		w.Header().Set("Content-Type", m.mediaType)
		w.Header().Set("Docker-Content-Digest", d.String())
		w.Header().Set("Content-Length", strconv.Itoa(len(m.body)))
		if r.Method == http.MethodGet {
			w.Write(m.body)
		}
	case http.MethodPut:
		g.putManifest(w, r, name, ref)
	default:
		Refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", r.Method)
	}
}

func (g api) putManifest(w http.ResponseWriter, r *http.Request, name, ref string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m := manifest{r.Header.Get("Content-Type"), body}
	g.mu.Lock()
	defer g.mu.Unlock()
	repo := g.repos.at(name)
	d := digest.FromBytes(body)
	asked := digest.Digest(ref)
	switch {
	case asked.Validate() == nil:
		if d = asked.Algorithm().FromBytes(body); d != asked {
			Refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
			return
		}
	case !tagPattern.MatchString(ref):
		Refuse(w, http.StatusBadRequest, "TAG_INVALID", "the tag is not valid")
		return
	case g.opts.Immutable && repo.tags[ref] != "":
		Refuse(w, http.StatusBadRequest, "TAG_INVALID", fmt.Sprintf("The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", ref, name))
		return
	}
	var doc document
	if err := json.Unmarshal(body, &doc); err != nil || m.mediaType == "" || doc.MediaType != "" && doc.MediaType != m.mediaType {
		Refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", "the manifest is not what its type says")
		return
	}
	if g.opts.Refuse != nil {
		if why := g.opts.Refuse(m.mediaType, body); why != "" {
			Refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", why)
			return
		}
	}
	children, blobs := m.refersTo()
	for _, c := range children {
		if _, ok := repo.manifests[c]; !ok && !g.opts.Sparse {
			Refuse(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "manifest references a manifest or blob unknown to registry: "+c.String())
			return
		}
	}
	for _, b := range blobs {
		if _, ok := repo.blobs[b]; !ok {
			Refuse(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "manifest references a manifest or blob unknown to registry: "+b.String())
			return
		}
	}
	repo.manifests[d] = m
	if d != asked {
		repo.tags[ref] = d
	}
	if doc.Subject != nil && !g.opts.NoReferrers {
		w.Header().Set("OCI-Subject", doc.Subject.Digest.String())
	}
	w.Header().Set("Docker-Content-Digest", d.String())
	w.Header().Set("Location", "/v2/"+name+"/manifests/"+d.String())
	w.WriteHeader(http.StatusCreated)
}

func (g api) tags(w http.ResponseWriter, r *http.Request, name string) {
	g.mu.Lock()
	repo := g.repos.at(name)
	all := append(slices.Collect(maps.Keys(repo.tags)), g.opts.ListedTags...)
	known := len(repo.manifests)+len(repo.blobs) > 0
	g.mu.Unlock()
	if !known {
		Refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "repository name not known to registry")
		return
	}
	slices.Sort(all)
	page := g.page(w, r, len(all), func(after string) int {
		i, found := slices.BinarySearch(all, after)
		if found {
			i++
		}
		return i
	}, func(i int) string { return all[i] })
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"name": name, "tags": all[page[0]:page[1]]})
}

// page finds the part of a list that a request is for and says where the next
// is.
func (g api) page(w http.ResponseWriter, r *http.Request, total int, after func(string) int, last func(int) string) [2]int {
	size := 1000
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil && n > 0 {
		size = n
	}
	if g.opts.PageSize > 0 {
		size = min(size, g.opts.PageSize)
	}
	first := 0
	if s := r.URL.Query().Get("last"); s != "" {
		first = after(s)
	}
	end := min(first+size, total)
	if end < total {
		next := url.URL{Path: r.URL.Path, RawQuery: url.Values{"n": {strconv.Itoa(size)}, "last": {last(end - 1)}}.Encode()}
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, next.String()))
	}
	return [2]int{first, end}
}

func (g api) referrers(w http.ResponseWriter, r *http.Request, name, ref string) {
	if g.opts.NoReferrers {
		http.NotFound(w, r)
		return
	}
	g.mu.Lock()
	all := []descriptor{}
	for d, m := range g.repos.at(name).manifests {
		var doc document
		if json.Unmarshal(m.body, &doc) != nil || doc.Subject == nil || doc.Subject.Digest.String() != ref {
			continue
		}
		kind := doc.ArtifactType
		if kind == "" && doc.Config != nil {
			kind = doc.Config.MediaType
		}
		all = append(all, descriptor{MediaType: m.mediaType, Digest: d, Size: int64(len(m.body)), ArtifactType: kind, Annotations: doc.Annotations})
	}
	g.mu.Unlock()
	slices.SortFunc(all, func(a, b descriptor) int { return strings.Compare(a.Digest.String(), b.Digest.String()) })
	page := g.page(w, r, len(all), func(after string) int {
		return slices.IndexFunc(all, func(d descriptor) bool { return d.Digest.String() > after })
	}, func(i int) string { return all[i].Digest.String() })
	w.Header().Set("Content-Type", ociIndex)
	json.NewEncoder(w).Encode(map[string]any{"schemaVersion": 2, "mediaType": ociIndex, "manifests": all[page[0]:page[1]]})
}
