package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// tagged is a registry whose repositories have tags t000, t001 and so on.
func tagged(counts map[string]int) *strict.Registry {
	store := strict.New(strict.Options{})
	for repo, n := range counts {
		for i := range n {
			store.Image(repo, fmt.Sprintf("t%03d", i), repo+fmt.Sprint(i))
		}
	}
	return store
}

func names(from, to int) (out []string) {
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("t%03d", i))
	}
	return out
}

// TestListedByQuay reads lists of Quay's API only if they save requests.
func TestListedByQuay(t *testing.T) {
	for name, tt := range map[string]struct {
		quay     *testkit.Quay
		tags     []string
		want     []string // the expected list
		requests int
	}{
		"one page":                {tags: names(200, 240), want: names(200, 240), requests: 1},
		"two tags are asked for":  {tags: names(0, 2), requests: 0},
		"three pages":             {tags: names(0, 250), want: names(0, 250), requests: 3},
		"the newest":              {tags: names(240, 250), want: names(240, 250), requests: 1},
		"none on the first page":  {tags: names(0, 10), requests: 1},
		"one on the first page":   {tags: append(names(0, 9), "t249"), want: []string{"t249"}, requests: 1},
		"a tag that is not there": {tags: append(names(245, 250), "other"), want: names(245, 250), requests: 1},
		"tags that expire": {
			quay: &testkit.Quay{Expires: func(_, tag string) bool { return tag == "t247" }},
			tags: names(245, 250), want: []string{"t245", "t246", "t248", "t249"}, requests: 1,
		},
		"a tag that is listed twice": {
			quay: &testkit.Quay{Edit: func(_ string, p *testkit.QuayPage) { p.Tags = append(p.Tags, p.Tags[0]) }},
			tags: names(246, 250), want: names(246, 249), requests: 1,
		},
		"digests that are none": {
			quay: &testkit.Quay{Edit: func(_ string, p *testkit.QuayPage) { p.Tags[1].Digest = "sha256:short" }},
			tags: names(246, 250), want: []string{"t246", "t247", "t249"}, requests: 1,
		},
		"an empty page and more to come": {
			quay: &testkit.Quay{Edit: func(_ string, p *testkit.QuayPage) { p.Tags, p.More = nil, true }},
			tags: names(246, 250), requests: 1,
		},
		"private": {quay: &testkit.Quay{Private: func(string) bool { return true }}, tags: names(246, 250), requests: 1},
		"private, with a token": {
			quay: &testkit.Quay{Private: func(string) bool { return true }, Token: "for the API"},
			tags: names(246, 250), want: names(246, 250), requests: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := tagged(map[string]int{"org/app": 250})
			if tt.quay == nil {
				tt.quay = &testkit.Quay{}
			}
			var log testkit.Recorder
			at := testkit.Serve(t, "quay", log.Wrap(tt.quay.Wrap(store)))
			c := New(Options{Listings: Listings{Token: func(string) (string, error) { return tt.quay.Token, nil }}})
			defer c.Close()
			repo := Repository{Host: at.Host, Path: "org/app"}
			for range 2 { // the second time costs nothing
				got := c.Listed(t.Context(), repo, tt.tags)
				var told []string
				for tag, l := range got {
					told = append(told, tag)
					if d, err := c.Resolve(t.Context(), repo, tag); err != nil || d.Digest != l.Digest || l.By != ListedByQuay {
						t.Errorf("%s is %s by %s, want %s (%v)", tag, l.Digest, l.By, d.Digest, err)
					}
				}
				slices.Sort(told)
				slices.Sort(tt.want)
				if !slices.Equal(told, tt.want) {
					t.Errorf("told %v, want %v", told, tt.want)
				}
			}
			if n := log.Count("listing"); n != tt.requests {
				t.Errorf("%d requests for lists, want %d", n, tt.requests)
			}
		})
	}
}

// TestNoListings checks that a registry without lists gets one request for
// them.
func TestNoListings(t *testing.T) {
	counts := map[string]int{}
	for i := range 30 {
		counts[fmt.Sprint("org/app", i)] = 5
	}
	private := &testkit.Quay{Private: func(string) bool { return true }}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"another registry":  func(h http.Handler) http.Handler { return h },
		"all is private":    private.Wrap,
		"a page of HTML":    func(h http.Handler) http.Handler { return instead(h, http.StatusOK, "<html>Sign in</html>") },
		"an error":          func(h http.Handler) http.Handler { return instead(h, http.StatusBadGateway, "") },
		"another JSON":      func(h http.Handler) http.Handler { return instead(h, http.StatusOK, `{"tags":[]}`) },
		"a redirect":        func(h http.Handler) http.Handler { return instead(h, http.StatusFound, "") },
		"no content at all": func(h http.Handler) http.Handler { return instead(h, http.StatusNoContent, "") },
	} {
		t.Run(name, func(t *testing.T) {
			var log testkit.Recorder
			at := testkit.Serve(t, "plain", log.Wrap(wrap(tagged(counts))))
			c := New(Options{})
			defer c.Close()
			for path := range counts {
				if got := c.Listed(t.Context(), Repository{Host: at.Host, Path: path}, names(0, 5)); len(got) > 0 {
					t.Errorf("%s: %v", path, got)
				}
			}
			if n := log.Count("listing"); n != 1 {
				t.Errorf("%d requests for lists, want one", n)
			}
		})
	}
	t.Run("switched off", func(t *testing.T) {
		var log testkit.Recorder
		at := testkit.Serve(t, "quay", log.Wrap((&testkit.Quay{}).Wrap(tagged(counts))))
		c := New(Options{Listings: Listings{Off: true}})
		defer c.Close()
		c.Listed(t.Context(), Repository{Host: at.Host, Path: "org/app1"}, names(0, 5))
		if n := log.Count(); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

// instead replaces the answers of the API.
func instead(h http.Handler, status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

// TestListedAfterWaiting waits for a registry that answers 429 and then reads
// its list.
func TestListedAfterWaiting(t *testing.T) {
	log := testkit.Recorder{Fault: func(w http.ResponseWriter, _ *http.Request, class string, n int) bool {
		if class != "listing" || n > 1 {
			return false
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}}
	at := testkit.Serve(t, "quay", log.Wrap((&testkit.Quay{}).Wrap(tagged(map[string]int{"org/app": 9}))))
	c := New(Options{})
	defer c.Close()
	if got := c.Listed(t.Context(), Repository{Host: at.Host, Path: "org/app"}, names(0, 9)); len(got) != 9 {
		t.Errorf("%d tags are listed, want 9", len(got))
	}
	if n := log.Count("listing"); n != 3 {
		t.Errorf("%d requests for the list, want 3", n)
	}
}

// TestListedNever gives up lists, for all repositories, if they are always
// answered with 429.
func TestListedNever(t *testing.T) {
	log := testkit.Recorder{Fault: func(w http.ResponseWriter, _ *http.Request, class string, _ int) bool {
		if class != "listing" {
			return false
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}}
	at := testkit.Serve(t, "quay", log.Wrap((&testkit.Quay{}).Wrap(tagged(map[string]int{"org/app": 9, "org/web": 9}))))
	c := New(Options{})
	defer c.Close()
	for _, path := range []string{"org/app", "org/web"} {
		if got := c.Listed(t.Context(), Repository{Host: at.Host, Path: path}, names(0, 9)); len(got) != 0 {
			t.Errorf("%s: %d tags are listed, want none", path, len(got))
		}
	}
	if n := log.Count("listing"); n != 3 {
		t.Errorf("%d requests for lists, want 3", n)
	}
}

// TestListedAtLimit waits longer for a list if the registry limits all requests.
func TestListedAtLimit(t *testing.T) {
	log := testkit.Recorder{Fault: func(w http.ResponseWriter, _ *http.Request, class string, n int) bool {
		if class == "listing" && n < 4 || class == "HEAD manifest" && n < 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		return false
	}}
	at := testkit.Serve(t, "quay", log.Wrap((&testkit.Quay{}).Wrap(tagged(map[string]int{"org/app": 9}))))
	c := New(Options{Clock: throttle.Clock{Sleep: func(context.Context, time.Duration) error { return nil }}})
	defer c.Close()
	repo := Repository{Host: at.Host, Path: "org/app"}
	if _, err := c.Resolve(t.Context(), repo, names(0, 9)[0]); err != nil {
		t.Fatal(err)
	}
	if got := c.Listed(t.Context(), repo, names(0, 9)); len(got) != 9 {
		t.Errorf("%d tags are listed, want 9", len(got))
	}
	if n := log.Count("listing"); n != 5 {
		t.Errorf("%d requests for the list, want 5", n)
	}
}

// TestListedNowhere spends nothing on each wanted tag of a registry that is known
// to have no lists: a run asks again for every tag.
func TestListedNowhere(t *testing.T) {
	at := testkit.Serve(t, "none", tagged(map[string]int{"org/app": 9}))
	c := New(Options{})
	defer c.Close()
	repo, wanted := Repository{Host: at.Host, Path: "org/app"}, names(0, 2000)
	ask := func() {
		if got := c.Listed(t.Context(), repo, wanted); len(got) != 0 {
			t.Errorf("%d tags are listed, want none", len(got))
		}
	}
	ask()
	repo.Path = "org/web"
	if n := testing.AllocsPerRun(10, ask); n > 10 {
		t.Errorf("%v allocations for a registry without lists, want at most 10", n)
	}
}

// TestListedOld does not trust a list that was cached before the run, in every
// form in which a cache shows that.
func TestListedOld(t *testing.T) {
	for name, tt := range map[string]struct {
		header, value string
		want          int
	}{
		"nothing tells":              {"Age", "", 9},
		"an hour old":                {"Age", "3600", 0},
		"less than a second old":     {"Age", "0", 0}, // the run is younger than that
		"an age that is no number":   {"Age", "NaN", 0},
		"an age without end":         {"Age", "99999999999999999999", 0},
		"made before the run":        {"Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat), 0},
		"made after the run began":   {"Date", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), 9},
		"a date that cannot be read": {"Date", "soon", 9},
	} {
		t.Run(name, func(t *testing.T) {
			var log testkit.Recorder
			log.Edit = func(_ *http.Request, class string, _ int, h http.Header) {
				if class == "listing" {
					h.Set(tt.header, tt.value)
				}
			}
			at := testkit.Serve(t, "quay", log.Wrap((&testkit.Quay{}).Wrap(tagged(map[string]int{"org/app": 9}))))
			now := time.Now()
			c := New(Options{Clock: throttle.Clock{Now: func() time.Time { return now }}})
			defer c.Close()
			if got := c.Listed(t.Context(), Repository{Host: at.Host, Path: "org/app"}, names(0, 9)); len(got) != tt.want {
				t.Errorf("%d tags are listed, want %d: %v", len(got), tt.want, got)
			}
		})
	}
}

// TestListedByGoogle takes digests from the protocol's own list if it has them.
func TestListedByGoogle(t *testing.T) {
	one, two := digest.FromString("one"), digest.FromString("two")
	body, err := json.Marshal(map[string]any{
		"name": "team/app", "tags": []string{"a", "b", "c", "d"}, "child": []string{},
		"manifest": map[string]any{
			one.String(): map[string]any{"tag": []string{"a", "b", "d"}, "imageSizeBytes": "7"},
			two.String(): map[string]any{"tag": []string{"c", "d"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := testkit.Serve(t, "google", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/tags/list") {
			w.Write(body)
		}
	}))
	c := New(Options{})
	defer c.Close()
	repo := Repository{Host: at.Host, Path: "team/app"}
	l := c.all.host(at.Host).lists
	l.form = l.google // which depends on the host's name
	got := c.Listed(t.Context(), repo, []string{"a", "b", "c", "d"})
	want := map[string]Listed{"a": {one, ListedByGoogle}, "b": {one, ListedByGoogle}, "c": {two, ListedByGoogle}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v: d is in two manifests", got, want)
	}
	for host, is := range map[string]bool{"gcr.io": true, "eu.gcr.io": true, "europe-docker.pkg.dev": true, "notgcr.io": false, "gcr.io.evil.invalid": false} {
		if ofGoogle(host) != is {
			t.Errorf("%s: %v", host, !is)
		}
	}
}

// TestListedByStream reads an image stream of the registry's cluster.
func TestListedByStream(t *testing.T) {
	d := digest.FromString("image")
	stream := func(host string) string {
		return fmt.Sprintf(`{"kind": "ImageStream", "spec": {"tags": [{"name": "due", "generation": 3}, {"name": "done", "generation": 2}]},
			"status": {"dockerImageRepository": "internal.invalid/ci/4.1", "publicDockerImageRepository": "%s/ci/4.1", "tags": [
			{"tag": "plain", "items": [{"image": %q, "generation": 1}, {"image": "sha256:old"}]},
			{"tag": "due", "items": [{"image": %q, "generation": 2}]},
			{"tag": "done", "items": [{"image": %q, "generation": 2}]},
			{"tag": "failed", "items": [{"image": %q, "generation": 2}], "conditions": [{"type": "ImportSuccess", "status": "False"}]},
			{"tag": "empty", "items": []}]}}`, host, d, d, d, d)
	}
	tags := []string{"plain", "due", "done", "failed", "empty"}
	for name, tt := range map[string]struct {
		of   string
		want []string
	}{
		"its own":           {"registry.invalid", []string{"done", "plain"}},
		"another cluster's": {"other.invalid", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			api := testkit.Serve(t, "api", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Path+" "+r.Header.Get("Authorization"))
				fmt.Fprint(w, stream(tt.of))
			}))
			server := &StreamsAPI{Server: &url.URL{Scheme: "http", Host: api.Host}, Token: func() (string, error) { return "of the account", nil }}
			c := New(Options{Listings: Listings{Streams: func(string) *StreamsAPI { return server }}})
			defer c.Close()
			got := c.Listed(t.Context(), Repository{Host: "registry.invalid", Path: "ci/4.1"}, tags)
			var told []string
			for tag, l := range got {
				told = append(told, tag)
				if l.Digest != d || l.By != ListedByStream {
					t.Errorf("%s is %v", tag, l)
				}
			}
			slices.Sort(told)
			if !slices.Equal(told, tt.want) {
				t.Errorf("told %v, want %v", told, tt.want)
			}
			want := "/apis/image.openshift.io/v1/namespaces/ci/imagestreams/4.1 Bearer of the account"
			if !slices.Equal(asked, []string{want}) {
				t.Errorf("asked %q, want %q", asked, want)
			}
		})
	}
}
