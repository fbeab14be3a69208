package registry

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

// TestMediaType takes a manifest's type from the registry's header, or from the
// manifest if the header is missing or wrong.
func TestMediaType(t *testing.T) {
	for _, tt := range []struct{ header, body, want string }{
		{OCIIndex, "", OCIIndex},
		{DockerManifest + "; charset=utf-8", "", DockerManifest},
		{strings.ToUpper(OCIManifest), "", OCIManifest},
		{"", `{"schemaVersion": 2, "mediaType": "` + DockerList + `"}`, DockerList},
		{"text/plain", `{"schemaVersion": 2, "manifests": []}`, OCIIndex},
		{"application/json", `{"schemaVersion": 2, "config": {}}`, OCIManifest},
		{"", `{"schemaVersion": 1, "signatures": []}`, DockerSigned1},
		{"", `{"schemaVersion": 1}`, DockerSchema1},
		{"text/html", "<html>", "text/html"},
		{"application/vnd.docker", `{"manifests": []}`, OCIIndex}, // a prefix of a type is not a type
		{"application/vnd.oci", `{"mediaType": "` + OCIIndex + `"}`, OCIIndex},
		{";;;", `{"config": {}}`, OCIManifest},
	} {
		if got := mediaTypeOf(tt.header, []byte(tt.body)); got != tt.want {
			t.Errorf("%q with %s: %q, want %q", tt.header, tt.body, got, tt.want)
		}
	}
}

func TestContentRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`{"manifests": 1}`: "not valid JSON",
		`x`:                "not valid JSON",
		`{"layers": [{"digest": "sha256:x", "size": 1}]}`:           "which is not a digest",
		`{"config": {"digest": "../../x", "size": 1}}`:              "which is not a digest",
		`{"layers": [{"size": 1}]}`:                                 "which is not a digest",
		`{"config": {"digest": "` + string(empty) + `","size":-2}}`: "the size -2",
	} {
		m := Manifest{MediaType: OCIManifest, Digest: empty, Body: []byte(body)}
		_, err := m.Content()
		var wrong *ManifestError
		if body == `{"manifests": 1}` {
			m.MediaType = OCIIndex
			_, err = m.Content()
		}
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), string(m.Digest)) {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
	if _, err := (Manifest{MediaType: DockerSigned1}).Content(); !errors.Is(err, ErrSchema1) {
		t.Errorf("schema 1: %v", err)
	}
}

const empty = digest.Digest("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

// TestNextPage follows a list only on its own registry.
func TestNextPage(t *testing.T) {
	at, err := url.Parse("https://q.io:8443/v2/a/tags/list?n=2")
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]string{
		``:                           "",
		`<?n=2&last=b>; rel="next"`:  "https://q.io:8443/v2/a/tags/list?n=2&last=b",
		`</v2/a/x?last=b>; rel=next`: "https://q.io:8443/v2/a/x?last=b",
		`</v2/a/x>;rel="prev"`:       "",
		`</v2/a/x>; rel="Next"`:      "https://q.io:8443/v2/a/x",
		`</v2/a/x>; rel="next last"`: "https://q.io:8443/v2/a/x",
		`</v2/a/x>; rel="nextish"`:   "",
		`<a>; rel="prev", <b>; title="x"; REL="next"`: "https://q.io:8443/v2/a/tags/b",
		`<a>; rel="prev",<b>; rel="next"`:             "https://q.io:8443/v2/a/tags/b",
		`<http://q.io:8443/x>; rel="next"`:            "https://q.io:8443/x", // a proxy that forgot its scheme
		`<https://evil.io/x>; rel="next"`:             "refused",
		`<//evil.io/x>; rel="next"`:                   "refused",
		`<https://q.io/x>; rel="next"`:                "refused",
		`<https://u:p@q.io:8443/x>; rel="next"`:       "refused",
		`/v2/a/x?n=1; rel="next"`:                     "https://q.io:8443/v2/a/x?n=1", // without brackets
		`</v2/a/x>; rel='next'`:                       "https://q.io:8443/v2/a/x",
		`<https://Q.IO:8443/x>; rel="next"`:           "https://q.io:8443/x",
		`https://evil.io/x; rel="next"`:               "refused",
		`/v2/a/x; rel="prev"`:                         "",
		`<`:                                           "",
		`><; rel="next"`:                              "",
		strings.Repeat(`<a>; rel="x", `, 1000):        "",
	} {
		next, err := nextPage(&http.Response{Header: http.Header{"Link": {link}}, Request: &http.Request{URL: at}})
		got := ""
		switch {
		case err != nil:
			got = "refused"
		case next != nil:
			got = next.String()
		}
		if got != want {
			t.Errorf("%.60s: %q, want %q", link, got, want)
		}
	}
}

// TestUploadSession resolves the Location of an upload.
func TestUploadSession(t *testing.T) {
	for _, tt := range []struct{ base, location, want string }{
		{"https://q.io", "/v2/a/u?x=1", "https://q.io/v2/a/u?x=1"},
		{"https://q.io:8443", "https://q.io/v2/u", "https://q.io:8443/v2/u"}, // the port was lost
		{"https://q.io:8443", "http://q.io:8443/v2/u", "https://q.io:8443/v2/u"},
		{"https://q.io", "http://q.io:80/v2/u", "https://q.io/v2/u"},
		{"http://q.io:5000", "http://q.io:5001/v2/u", "http://q.io:5001/v2/u"},
		{"http://q.io:5000", "https://q.io:5001/v2/u", "https://q.io:5001/v2/u"},
		{"https://q.io", "https://cdn.io/v2/u?sig=s", "https://cdn.io/v2/u?sig=s"},
		{"https://q.io", "http://cdn.io/v2/u", "refused"},
		{"https://q.io", "https://u:p@q.io/v2/u", "refused"},
		{"https://q.io", "ftp://q.io/v2/u", "refused"},
		{"https://q.io", "", "refused"},
		{"https://q.io", "%zz", "refused"},
	} {
		base, err := url.Parse(tt.base)
		if err != nil {
			t.Fatal(err)
		}
		h := New(Options{}).all.host(base.Host)
		h.origin.base.Store(base)
		s, err := h.session(&http.Response{
			Header:  http.Header{"Location": {tt.location}, "Oci-Chunk-Min-Length": {"7"}},
			Request: &http.Request{URL: base.JoinPath("/v2/a/blobs/uploads/")},
		})
		got := "refused"
		if err == nil {
			got = s.at.String()
			if s.minChunk != 7 {
				t.Errorf("%s: chunks of %d", tt.location, s.minChunk)
			}
		}
		if got != tt.want {
			t.Errorf("%s sends us to %q: %s, want %s (%v)", tt.base, tt.location, got, tt.want, err)
		}
	}
}

func TestAcceptedRange(t *testing.T) {
	for header, want := range map[string]int64{"": 0, "0-0": 0, "0-1023": 1024, "bytes=0-9": 10, "9": 0, "0-": 0, "0--5": 0, "0-99999999999999999999": 0} {
		n, known := acceptedRange(&http.Response{Header: http.Header{"Range": {header}}})
		if n != want || known != (want > 0) {
			t.Errorf("%q: %d, %v", header, n, known)
		}
	}
}
