package registry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Tags lists all tags of a repository, following its pages, in the registry's
// order. The tags need not be valid. If a registry refuses the requested page
// size, it chooses its own.
func (ls *Lists) Tags(ctx context.Context, repo Repository) ([]string, error) {
	h := ls.all.host(repo.Host)
	r := request{kind: "tags", method: http.MethodGet, repo: repo, path: "tags/list", query: "n=1000", expect: []int{http.StatusOK}}
	var all []string
	seen := map[string]bool{}
	err := h.pages(ctx, r, "the tags of "+repo.Path, maxListed, func(_ *http.Response, body []byte) (int, error) {
		if !moderate(body, maxListed) {
			return 0, unusable(repo.Host, badList, "%s lists more than %d tags of %s on one page", repo.Host, maxListed, repo.Path)
		}
		var answer struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return 0, unusable(repo.Host, badList, "%s returned no list of tags for %s", repo.Host, repo.Path)
		}
		for _, tag := range answer.Tags {
			if !seen[tag] {
				seen[tag] = true
				all = append(all, tag)
			}
		}
		return len(all), nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Listed returns the digests of those tags for which a list of the whole
// repository can be trusted: it is from this run, and has the tag once and
// without an expiration. For all other tags, call [Manifests.Resolve]. A tag
// may exist although a list does not have it.
//
// Pass all tags that a run needs of a repository at once, because a repository
// is listed once. A list is requested only if that costs no more requests than
// one for each tag. A registry without lists gets one request. There is no error:
// failures are counted in [throttle.HostStats].
//
// The map has the tags of the first call for a repository, and is shared: do not
// change it.
//
// A list only shows that a tag is unchanged. Before a tag is written or
// protected, it has to be read by the protocol.
func (ls *Lists) Listed(ctx context.Context, repo Repository, tags []string) map[string]Listed {
	if ls.all.opts.Listings.Off || len(tags) == 0 {
		return nil
	}
	return ls.all.host(repo.Host).lists.listed(ctx, repo, tags)
}

// errNoReferrers means that a registry does not have the referrers API.
var errNoReferrers = errors.New("the registry does not list referrers")

// Referrers lists the referrers of a digest in a repository, by the API of the
// specification. known is false if the registry has no such API (400, 404, 405,
// or something other than a list); then the caller reads the fallback tag. Any
// other refusal is an error, because what cannot be read may exist.
func (ls *Lists) Referrers(ctx context.Context, repo Repository, digest string) (list []ocispec.Descriptor, known bool, err error) {
	h := ls.all.host(repo.Host)
	r := request{kind: "referrers", method: http.MethodGet, repo: repo, path: "referrers/" + digest, expect: []int{http.StatusOK}}
	r.header = map[string]string{"Accept": OCIIndex}
	first := true
	err = h.pages(ctx, r, "the referrers of "+digest, maxReferrers, func(resp *http.Response, body []byte) (int, error) {
		if !moderate(body, maxValues) {
			return 0, unusable(repo.Host, badList, "%s returned a page of more than %d values for the referrers of %s", repo.Host, maxValues, digest)
		}
		m := Manifest{MediaType: OCIIndex, Body: body}
		content, err := m.Content()
		if err != nil || mediaTypeOf(resp.Header.Get("Content-Type"), body) != OCIIndex {
			if first {
				return 0, errNoReferrers
			}
			return 0, unusable(repo.Host, badList, "%s returned an incomplete list of the referrers of %s", repo.Host, digest)
		}
		first = false
		list = append(list, content.Children...)
		return len(list), nil
	})
	switch StatusOf(err) {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed:
		if first {
			return nil, false, nil
		}
	}
	if errors.Is(err, errNoReferrers) {
		return nil, false, nil
	}
	return list, err == nil, err
}

// pages reads a list page by page. take gets each page and returns how many
// elements are listed so far; there may be most of them. what names the list in
// errors.
func (h *host) pages(ctx context.Context, r request, what string, most int, take func(*http.Response, []byte) (int, error)) error {
	for page := 0; ; page++ {
		resp, body, err := h.whole(ctx, r, maxPage)
		if r.query != "" && refusesQuery(StatusOf(err)) {
			r.query = ""
			resp, body, err = h.whole(ctx, r, maxPage)
		}
		if err != nil {
			return err
		}
		listed, err := take(resp, body)
		if err != nil {
			return err
		}
		next, err := nextPage(resp)
		switch {
		case err != nil:
			return err
		case next == nil:
			return nil
		case page >= maxPages || listed > most:
			return unusable(h.gate.Name, badList, "%s lists %s endlessly: stopped after %d", h.gate.Name, what, listed)
		case r.url != nil && r.url.String() == next.String():
			return unusable(h.gate.Name, badList, "%s returns the same page of %s repeatedly", h.gate.Name, what)
		}
		r.url, r.query = next, ""
	}
}

// refusesQuery reports whether a status may mean that a registry does not
// support the query of a list.
func refusesQuery(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusRequestedRangeNotSatisfiable, http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return true
	}
	return false
}

type link struct{ target, rel string }

// parseLinks reads one Link header: <target>; rel="next", …
// A target may come without its brackets.
func parseLinks(s string) []link {
	if target, rest, ok := strings.Cut(s, ";"); ok && !strings.Contains(s, "<") {
		s = "<" + strings.TrimSpace(target) + ">;" + rest
	}
	var out []link
	for len(out) < 10 {
		start := strings.IndexByte(s, '<')
		end := strings.IndexByte(s, '>')
		if start < 0 || end < start {
			return out
		}
		l := link{target: s[start+1 : end]}
		rest := s[end+1:]
		if next := strings.Index(rest, ",<"); next >= 0 {
			rest, s = rest[:next], rest[next+1:]
		} else if next := strings.Index(rest, ", <"); next >= 0 {
			rest, s = rest[:next], rest[next+2:]
		} else {
			s = ""
		}
		for param := range strings.SplitSeq(rest, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(param), "=")
			if strings.EqualFold(strings.TrimSpace(key), "rel") {
				l.rel = strings.ToLower(strings.Trim(strings.TrimSpace(value), `"'`))
			}
		}
		out = append(out, l)
	}
	return out
}
