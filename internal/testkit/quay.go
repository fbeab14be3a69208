package testkit

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Quay puts Quay's own API for tags before a registry: GET
// /api/v1/repository/NAMESPACE/NAME/tag/, with its pages, the tags that expire,
// private repositories and a limit of requests. The form is that of
// endpoints/api/tag.py in github.com/quay/quay.
type Quay struct {
	Token   string                      // of the API; private repositories need it
	Private func(repo string) bool      // nil: none is
	Expires func(repo, tag string) bool // nil: none does
	// PerSecond bounds the requests to the API and the registry together: what is
	// more is answered 429. 0: no bound.
	PerSecond int
	Now       func() time.Time // for PerSecond; nil: time.Now
	PageSize  int              // the most tags on a page; 0: 100, as Quay has it
	// Edit may change a page before it is sent.
	Edit func(repo string, page *QuayPage)
	// Head may change the headers of a page before it is sent.
	Head func(h http.Header)

	mu     sync.Mutex
	second int64
	count  int
}

// QuayPage is a page of tags.
type QuayPage struct {
	Tags []QuayTag `json:"tags"`
	Page int       `json:"page"`
	More bool      `json:"has_additional"`
}

// QuayTag is one of them.
type QuayTag struct {
	Name       string `json:"name"`
	Reversion  bool   `json:"reversion"`
	StartTS    int64  `json:"start_ts"`
	EndTS      int64  `json:"end_ts,omitempty"`
	Digest     string `json:"manifest_digest"`
	IsList     bool   `json:"is_manifest_list"`
	Size       *int64 `json:"size"`
	Modified   string `json:"last_modified"`
	Expiration string `json:"expiration,omitempty"`
}

const quayPageSize = 100

// Wrap puts the API before a registry.
func (q *Quay) Wrap(registry http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q.tooMany() {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		repo, ok := strings.CutPrefix(r.URL.Path, "/api/v1/repository/")
		repo, tags := strings.CutSuffix(repo, "/tag/")
		if !ok || !tags {
			registry.ServeHTTP(w, r)
			return
		}
		if q.Private != nil && q.Private(repo) && (q.Token == "" || r.Header.Get("Authorization") != "Bearer "+q.Token) {
			quayError(w, http.StatusUnauthorized, "invalid_token")
			return
		}
		q.serve(w, r, registry, repo)
	})
}

func (q *Quay) tooMany() bool {
	if q.PerSecond == 0 {
		return false
	}
	now := q.Now
	if now == nil {
		now = time.Now
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if s := now().Unix(); s != q.second {
		q.second, q.count = s, 0
	}
	q.count++
	return q.count > q.PerSecond
}

func (q *Quay) serve(w http.ResponseWriter, r *http.Request, registry http.Handler, repo string) {
	all, known := listTags(registry, repo)
	if !known {
		quayError(w, http.StatusNotFound, "not_found")
		return
	}
	query := r.URL.Query()
	page, _ := strconv.Atoi(query.Get("page"))
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil {
		limit = quayPageSize / 2
	}
	page, limit = max(page, 1), min(max(limit, 1), cmp.Or(q.PageSize, quayPageSize))
	first := min((page-1)*limit, len(all))
	last := min(first+limit, len(all))
	answer := QuayPage{Tags: []QuayTag{}, Page: page, More: last < len(all)}
	for _, tag := range all[first:last] {
		t := QuayTag{Name: tag, StartTS: 1700000000, Digest: headDigest(registry, repo, tag), Modified: "Tue, 14 Nov 2023 22:13:20 -0000"}
		if q.Expires != nil && q.Expires(repo, tag) {
			t.EndTS, t.Expiration = 4102444800, "Fri, 01 Jan 2100 00:00:00 -0000"
		}
		answer.Tags = append(answer.Tags, t)
	}
	if q.Edit != nil {
		q.Edit(repo, &answer)
	}
	w.Header().Set("Content-Type", "application/json")
	if q.Head != nil {
		q.Head(w.Header())
	}
	json.NewEncoder(w).Encode(answer)
}

func quayError(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"detail": kind, "error_message": kind, "error_type": kind, "title": kind, "status": status})
}

// listTags asks a registry for all tags of a repository, the last name first, as
// Quay has the newest first.
func listTags(registry http.Handler, repo string) (tags []string, known bool) {
	target := "/v2/" + repo + "/tags/list"
	for target != "" {
		rec := ask(registry, http.MethodGet, target)
		var answer struct {
			Tags []string `json:"tags"`
		}
		if rec.Code != http.StatusOK || json.Unmarshal(rec.Body.Bytes(), &answer) != nil {
			return nil, false
		}
		tags = append(tags, answer.Tags...)
		target, _, _ = strings.Cut(strings.TrimPrefix(rec.Header().Get("Link"), "<"), ">")
	}
	slices.Sort(tags)
	slices.Reverse(tags)
	return tags, true
}

func headDigest(registry http.Handler, repo, tag string) string {
	return ask(registry, http.MethodHead, "/v2/"+repo+"/manifests/"+tag).Header().Get("Docker-Content-Digest")
}

func ask(registry http.Handler, method, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("Accept", strings.Join([]string{
		"application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
		"application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
	}, ","))
	rec := httptest.NewRecorder()
	registry.ServeHTTP(rec, r)
	return rec
}
