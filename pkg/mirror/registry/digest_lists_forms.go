package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
)

// quay reads the tags of Quay's API, newest first, 100 a page. The form is that
// of listRepoTags in endpoints/api/tag.py of github.com/quay/quay, which Red
// Hat's "Quay API guide" documents as GET /api/v1/repository/{repository}/tag/.
//
// It reads pages as long as the last one had a wanted tag and the list has
// saved as many requests as it has cost.
func (l *digestLists) quay(ctx context.Context, repo Repository, w *wanted) (has, ok bool) {
	w.by = ListedByQuay
	token := ""
	if find := l.host.opts.Listings.Token; find != nil {
		var err error
		if token, err = find(repo.Host); err != nil {
			return false, false
		}
	}
	for page := 1; ; page++ {
		target := &url.URL{Scheme: "https", Host: repo.Host, Path: "/api/v1/repository/" + repo.Path + "/tag/"}
		target.RawQuery = "onlyActiveTags=true&limit=" + strconv.Itoa(quayPage) + "&page=" + strconv.Itoa(page)
		resp, body, err := l.get(ctx, l.direct, target, repo, token)
		if err != nil {
			return page > 1, page > 1
		}
		if resp.StatusCode != http.StatusOK {
			return refusedByQuay(resp.StatusCode, body) || page > 1, page > 1
		}
		var answer struct {
			Tags []struct {
				Name       string `json:"name"`
				Digest     string `json:"manifest_digest"`
				Ends       int64  `json:"end_ts"`
				Expiration string `json:"expiration"`
			} `json:"tags"`
			More *bool `json:"has_additional"`
		}
		if json.Unmarshal(body, &answer) != nil || answer.More == nil || len(answer.Tags) == 0 && *answer.More {
			return page > 1, page > 1
		}
		if !l.fresh(resp) {
			return true, page > 1
		}
		before := len(w.found)
		for _, t := range answer.Tags {
			w.see(t.Name, digest.Digest(t.Digest), t.Ends == 0 && t.Expiration == "")
		}
		left := len(w.left) - len(w.found) - len(w.doubted)
		if !*answer.More || left < 2 || len(w.found) == before || len(w.found) <= page {
			return true, true
		}
		l.spend()
	}
}

// refusedByQuay reports whether an answer is a refusal of Quay's API; the API
// may list other repositories.
func refusedByQuay(status int, body []byte) bool {
	var answer struct {
		Type string `json:"error_type"`
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return json.Unmarshal(body, &answer) == nil && answer.Type != ""
	}
	return false
}

// google reads the list of tags of the protocol, to which Google's registries add
// the manifests with their tags: see pkg/v1/google of go-containerregistry.
func (l *digestLists) google(ctx context.Context, repo Repository, w *wanted) (has, ok bool) {
	w.by = ListedByGoogle
	target := &url.URL{Scheme: "https", Host: repo.Host, Path: "/v2/" + repo.Path + "/tags/list"}
	ctx = purpose{path: repo.Path, push: repo.Push}.into(ctx)
	resp, body, err := l.get(ctx, l.host.send, target, repo, "")
	if err != nil {
		return false, false
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusNotFound, false
	}
	var answer struct {
		Manifests map[string]struct {
			Tags []string `json:"tag"`
		} `json:"manifest"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Manifests == nil {
		return false, false
	}
	if !l.fresh(resp) {
		return true, false
	}
	for d, m := range answer.Manifests {
		for _, tag := range m.Tags {
			w.see(tag, digest.Digest(d), true)
		}
	}
	return true, true
}

// streams reads an image stream of OpenShift, whose status has the images of
// each tag, the current one first: see the reference of image.openshift.io/v1,
// types ImageStreamStatus, NamedTagEventList and TagEvent. The stream names its
// registry, so that the stream of another cluster is not used by mistake.
func (l *digestLists) streams(api *StreamsAPI) form {
	transport, _ := l.reach(api.Server.Host) // a transport that cannot be used fails
	send := l.host.elsewhere(transport)
	return func(ctx context.Context, repo Repository, w *wanted) (has, ok bool) {
		w.by = ListedByStream
		namespace, name, two := strings.Cut(repo.Path, "/")
		if !two || strings.Contains(name, "/") {
			return true, false
		}
		token := ""
		if api.Token != nil {
			var err error
			if token, err = api.Token(); err != nil {
				return false, false
			}
		}
		resp, body, err := l.get(ctx, send, api.Server.JoinPath("apis/image.openshift.io/v1/namespaces", namespace, "imagestreams", name), repo, token) // #nosec G125 -- a repository has no .. in its path
		if err != nil {
			return false, false
		}
		var answer imageStream
		switch {
		case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusNotFound:
			return true, false
		case resp.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Kind != "ImageStream":
			return false, false
		}
		here := repo.Host + "/" + repo.Path
		if answer.Status.Repository != here && answer.Status.PublicRepository != here || !l.fresh(resp) {
			return true, false
		}
		answer.tell(w)
		return true, true
	}
}

// imageStream is the part of an ImageStream that is read.
type imageStream struct {
	Kind string `json:"kind"`
	Spec struct {
		Tags []struct {
			Name       string `json:"name"`
			Generation *int64 `json:"generation"`
		} `json:"tags"`
	} `json:"spec"`
	Status struct {
		Repository       string `json:"dockerImageRepository"`
		PublicRepository string `json:"publicDockerImageRepository"`
		Tags             []struct {
			Tag   string `json:"tag"`
			Items []struct {
				Image      string `json:"image"`
				Generation int64  `json:"generation"`
			} `json:"items"`
			Conditions []json.RawMessage `json:"conditions"`
		} `json:"tags"`
	} `json:"status"`
}

// tell adds the tags that are settled: no condition reports a failed import,
// and no import is due.
func (s *imageStream) tell(w *wanted) {
	for _, t := range s.Status.Tags {
		if len(t.Items) == 0 {
			continue
		}
		due := slices.ContainsFunc(s.Spec.Tags, func(spec struct {
			Name       string `json:"name"`
			Generation *int64 `json:"generation"`
		}) bool {
			return spec.Name == t.Tag && spec.Generation != nil && *spec.Generation > t.Items[0].Generation
		})
		w.see(t.Tag, digest.Digest(t.Items[0].Image), len(t.Conditions) == 0 && !due)
	}
}
