package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Tags lists all tags of a repository, following its pages, in the registry's
// order. Tags are as the registry gives them: they need not be valid.
func (c *Client) Tags(ctx context.Context, repo Repository) ([]string, error) {
	h := c.host(repo.Host)
	r := request{kind: "tags", method: http.MethodGet, repo: repo, path: "tags/list", query: "n=1000", expect: []int{http.StatusOK}}
	var all []string
	seen := map[string]bool{}
	for page := 0; ; page++ {
		resp, body, err := h.whole(ctx, r, maxPage)
		if err != nil {
			return nil, err
		}
		var answer struct {
			Tags []string `json:"tags"`
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return nil, refusef("%s answers with no list of tags for %s", repo.Host, repo.Path)
		}
		for _, tag := range answer.Tags {
			if !seen[tag] {
				seen[tag] = true
				all = append(all, tag)
			}
		}
		next, err := nextPage(resp)
		switch {
		case err != nil:
			return nil, err
		case next == nil:
			return all, nil
		case page >= maxPages || len(all) > maxTags:
			return nil, refusef("%s lists the tags of %s without end: stopped after %d", repo.Host, repo.Path, len(all))
		case r.url != nil && r.url.String() == next.String():
			return nil, refusef("%s gives the same page of the tags of %s again and again", repo.Host, repo.Path)
		}
		r.url = next
	}
}

// Referrers lists what refers to a digest in a repository, by the API of the
// specification. known is false when the registry has no such API; its
// fallback, a tag, is the caller's to look at.
func (c *Client) Referrers(ctx context.Context, repo Repository, digest string) (list []ocispec.Descriptor, known bool, err error) {
	h := c.host(repo.Host)
	r := request{kind: "referrers", method: http.MethodGet, repo: repo, path: "referrers/" + digest, expect: []int{http.StatusOK}}
	r.header = map[string]string{"Accept": OCIIndex}
	for page := 0; page < maxPages; page++ {
		resp, body, err := h.whole(ctx, r, maxPage)
		if StatusOf(err) != 0 && !Unavailable(err) {
			return nil, false, nil // 404, 400, 405: no such API
		}
		if err != nil {
			return nil, false, err
		}
		m := Manifest{MediaType: OCIIndex, Body: body}
		content, contentErr := m.Content()
		if contentErr != nil || !strings.HasPrefix(resp.Header.Get("Content-Type"), OCIIndex) {
			return nil, false, nil // a page of something else
		}
		list = append(list, content.Children...)
		next, err := nextPage(resp)
		if err != nil || next == nil {
			return list, true, err
		}
		r.url = next
	}
	return list, true, nil
}

type link struct{ target, rel string }

// parseLinks reads one Link header: <target>; rel="next", …
func parseLinks(s string) []link {
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
				l.rel = strings.Trim(strings.TrimSpace(value), `"`)
			}
		}
		out = append(out, l)
	}
	return out
}

func encode(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
