package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// TestReferrersRefused checks that only 400, 404 and 405 mean that there is no
// such list.
func TestReferrersRefused(t *testing.T) {
	for _, status := range []int{400, 404, 405, 401, 403, 410, 451} {
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/referrers/") {
				w.WriteHeader(status)
			}
		}))
		c := New(Options{})
		defer c.Close()
		_, known, err := c.Referrers(t.Context(), Repository{Host: at.Host, Path: "a"}, string(empty))
		if none := status == 400 || status == 404 || status == 405; known || (err == nil) != none {
			t.Errorf("%d: known %v, %v", status, known, err)
		}
	}
}

// TestReferrersType accepts a list of referrers with any spelling of its type,
// or with the content only.
func TestReferrersType(t *testing.T) {
	for header, list := range map[string]bool{
		OCIIndex: true, "Application/vnd.OCI.image.index.v1+JSON; charset=utf-8": true, "application/json": true, "": true, "text/html": false,
	} {
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/referrers/") {
				return
			}
			w.Header().Set("Content-Type", header)
			if list {
				fmt.Fprintf(w, `{"schemaVersion": 2, "manifests": [{"mediaType": %q, "digest": %q, "size": 2}]}`, OCIManifest, empty)
			} else {
				fmt.Fprint(w, "<html>")
			}
		}))
		c := New(Options{})
		defer c.Close()
		got, known, err := c.Referrers(t.Context(), Repository{Host: at.Host, Path: "a"}, string(empty))
		if err != nil || known != list || len(got) == 0 == list {
			t.Errorf("%q: %d referrers, known %v, %v", header, len(got), known, err)
		}
	}
}

// TestHalfAList checks that a truncated list is an error and not a shorter
// list.
func TestHalfAList(t *testing.T) {
	for _, second := range []string{"404", "403", "page"} {
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case !strings.Contains(r.URL.Path, "/referrers/"):
			case r.URL.RawQuery == "":
				w.Header().Set("Content-Type", OCIIndex)
				w.Header().Set("Link", `<?page=2>; rel="next"`)
				fmt.Fprintf(w, `{"schemaVersion": 2, "manifests": [{"mediaType": %q, "digest": %q, "size": 2}]}`, OCIManifest, empty)
			case second == "page":
				fmt.Fprint(w, "<html>")
			default:
				var status int
				fmt.Sscan(second, &status)
				w.WriteHeader(status)
			}
		}))
		c := New(Options{})
		defer c.Close()
		if _, known, err := c.Referrers(t.Context(), Repository{Host: at.Host, Path: "a"}, string(empty)); err == nil || known {
			t.Errorf("%s: known %v, %v", second, known, err)
		}
	}
}

// TestListsWithoutEnd checks that endless lists of tags and of referrers stop
// at a limit.
func TestListsWithoutEnd(t *testing.T) {
	n := 0
	at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		n++
		w.Header().Set("Link", fmt.Sprintf(`<?page=%d>; rel="next"`, n))
		var items []string
		for i := range 20_000 {
			if strings.Contains(r.URL.Path, "/referrers/") {
				items = append(items, fmt.Sprintf(`{"digest": "sha256:%064x", "size": 1}`, n*20_000+i))
			} else {
				items = append(items, fmt.Sprintf(`"t%d"`, n*20_000+i))
			}
		}
		w.Header().Set("Content-Type", OCIIndex)
		fmt.Fprintf(w, `{"schemaVersion": 2, "manifests": [%[1]s], "tags": [%[1]s]}`, strings.Join(items, ","))
	}))
	c := New(Options{})
	defer c.Close()
	repo := Repository{Host: at.Host, Path: "a"}
	if _, err := c.Tags(t.Context(), repo); err == nil || !strings.Contains(err.Error(), "endlessly") {
		t.Errorf("%.200v", err)
	}
	if _, _, err := c.Referrers(t.Context(), repo, string(empty)); err == nil || !strings.Contains(err.Error(), "endlessly") {
		t.Errorf("%.200v", err)
	}
}

// TestPageSizeRefused checks that a list is requested again without a size if a
// registry rejects it.
func TestPageSizeRefused(t *testing.T) {
	for _, status := range []int{400, 405, 413, 414, 416, 422, 501} {
		at := testkit.Serve(t, "registry", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("n") != "" {
				w.WriteHeader(status)
				return
			}
			fmt.Fprint(w, `{"tags": ["a", "b"]}`)
		}))
		c := New(Options{})
		defer c.Close()
		if tags, err := c.Tags(t.Context(), Repository{Host: at.Host, Path: "a"}); err != nil || len(tags) != 2 {
			t.Errorf("%d: %v, %v", status, tags, err)
		}
	}
}
