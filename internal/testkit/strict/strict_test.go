package strict_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// ask sends a request to path below /v2/ and gives the answer and its body.
func ask(t *testing.T, r *testkit.Registry, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/v2/" + path
	}
	req, err := http.NewRequest(method, "http://"+r.Host+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	return resp, string(data)
}

func want(t *testing.T, status int, code string, resp *http.Response, body string) {
	t.Helper()
	if resp.StatusCode != status || !strings.Contains(body, code) {
		t.Errorf("%s %s: %s %s, want %d %s", resp.Request.Method, resp.Request.URL, resp.Status, body, status, code)
	}
}

// TestTakesWhatIsWhole pushes with another client and reads back.
func TestTakesWhatIsWhole(t *testing.T) {
	g := strict.New(strict.Options{})
	r, other := g.Serve(t, nil), testkit.InProcess(t, nil)
	amd := testkit.Image(t, "amd", testkit.Layer(1, 3000))
	index := testkit.Index(t, map[string]mutate.Appendable{"linux/amd64": amd}, "linux/amd64")
	r.Push(t, "a/b:1", index)
	other.Push(t, "c:1", index)
	if n, err := testkit.CompareImages(other, "c:1", r, "a/b:1"); err != nil || n != 4 {
		t.Errorf("%d objects, %v", n, err)
	}
	if holes := g.Holes(); len(holes) > 0 {
		t.Errorf("holes: %v", holes)
	}
	layers, err := amd.Layers()
	if err != nil {
		t.Fatal(err)
	}
	d, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	g.Drop("a/b", d)
	if holes := g.Holes(); len(holes) != 1 || !strings.HasSuffix(holes[0], d.String()) {
		t.Errorf("holes after a blob is gone: %v", holes)
	}
}

func TestRefusesWhatIsNot(t *testing.T) {
	g := strict.New(strict.Options{Immutable: true})
	r := g.Serve(t, nil)
	image := g.Image("src", "1", "x")
	index := g.Index("src", "2", image)
	body := func(d string) string {
		_, s := ask(t, r, "GET", "src/manifests/"+d, "", "Accept", string(image.MediaType)+","+string(index.MediaType))
		return s
	}
	put := func(ref, kind, content string) (*http.Response, string) {
		return ask(t, r, "PUT", "dst/manifests/"+ref, content, "Content-Type", kind)
	}
	type answer struct {
		resp *http.Response
		body string
	}
	got := func(resp *http.Response, body string) answer { return answer{resp, body} }
	for _, tt := range []struct {
		name   string
		answer answer
		status int
		code   string
	}{
		{"a blob is in another repository", got(put("1", string(image.MediaType), body("1"))), 400, "MANIFEST_BLOB_UNKNOWN"},
		{"a child is in another repository", got(put("1", string(index.MediaType), body("2"))), 400, "MANIFEST_BLOB_UNKNOWN"},
		{"no type", got(put("1", "", body("1"))), 400, "MANIFEST_INVALID"},
		{"another type", got(put("1", string(index.MediaType), body("1"))), 400, "MANIFEST_INVALID"},
		{"another digest", got(put(index.Digest.String(), string(image.MediaType), body("1"))), 400, "DIGEST_INVALID"},
		{"a tag that is none", got(put("-1", string(image.MediaType), body("1"))), 400, "TAG_INVALID"},
		{"a type that was not asked for", got(ask(t, r, "GET", "src/manifests/1", "", "Accept", string(index.MediaType))), 404, "MANIFEST_UNKNOWN"},
		{"a tag that may not move", got(ask(t, r, "PUT", "src/manifests/1", body("1"), "Content-Type", string(image.MediaType))), 400, "immutable"},
		{"no such repository", got(ask(t, r, "GET", "nobody/tags/list", "")), 404, "NAME_UNKNOWN"},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, tt.status, tt.code, tt.answer.resp, tt.answer.body) })
	}
	if len(g.Tags("dst")) > 0 {
		t.Error("something was written")
	}
}

func TestUploads(t *testing.T) {
	g := strict.New(strict.Options{MinChunk: 4, MaxBody: 100, TakeAtMost: 6})
	r := g.Serve(t, nil)
	open := func() string {
		resp, _ := ask(t, r, "POST", "a/blobs/uploads/", "")
		if resp.StatusCode != http.StatusAccepted || resp.Header.Get("OCI-Chunk-Min-Length") != "4" {
			t.Fatalf("opening an upload: %s %v", resp.Status, resp.Header)
		}
		return resp.Header.Get("Location")
	}
	first := open()
	resp, body := ask(t, r, "PATCH", first, "12345678", "Content-Range", "0-7")
	want(t, 202, "", resp, body)
	if resp.Header.Get("Range") != "0-5" {
		t.Errorf("eight bytes were sent, six taken: %s", resp.Header.Get("Range"))
	}
	second := resp.Header.Get("Location")
	resp, body = ask(t, r, "PATCH", first, "78", "Content-Range", "6-7")
	want(t, 404, "BLOB_UPLOAD_UNKNOWN", resp, body) // an old place
	resp, body = ask(t, r, "PATCH", second, "78", "Content-Range", "5-6")
	want(t, 416, "RANGE_INVALID", resp, body)
	blob := g.Blob("b", []byte("12345678"))
	resp, body = ask(t, r, "PUT", second+"&digest="+blob.Digest.String(), "78")
	want(t, 201, "", resp, body)
	if !g.Has("a", blob.Digest) {
		t.Error("the blob is not there")
	}
	resp, body = ask(t, r, "PATCH", open(), "12", "Content-Range", "0-1")
	want(t, 202, "", resp, body)
	resp, body = ask(t, r, "PATCH", resp.Header.Get("Location"), "3456", "Content-Range", "2-5")
	want(t, 400, "too small", resp, body)
	resp, body = ask(t, r, "PUT", open()+"&digest="+blob.Digest.String(), "other")
	want(t, 400, "DIGEST_INVALID", resp, body)
	resp, body = ask(t, r, "PATCH", open(), strings.Repeat("x", 101))
	want(t, 413, "<html>", resp, body)
	resp, body = ask(t, r, "POST", "c/blobs/uploads/?mount="+blob.Digest.String()+"&from=b", "")
	want(t, 201, "", resp, body)
	resp, body = ask(t, r, "POST", "d/blobs/uploads/?mount="+blob.Digest.String()+"&from=nobody", "")
	want(t, 202, "", resp, body)
}

func TestListsHavePages(t *testing.T) {
	g := strict.New(strict.Options{PageSize: 2, ListedTags: []string{"sha256:x"}})
	r := g.Serve(t, nil)
	subject := g.Image("a", "1", "x")
	for _, label := range []string{"p", "q", "r"} {
		g.Manifest("a", label, subject.MediaType, map[string]any{"schemaVersion": 2, "subject": subject, "artifactType": "test/" + label})
	}
	for path, total := range map[string]int{"a/tags/list": 5, "a/referrers/" + subject.Digest.String(): 3} {
		entries, pages := 0, 0
		for next := "/v2/" + path; next != ""; pages++ {
			resp, body := ask(t, r, "GET", next, "")
			want(t, 200, "", resp, body)
			entries += strings.Count(body, `artifactType`)
			if _, list, ok := strings.Cut(body, `"tags":[`); ok {
				entries += strings.Count(list, `"`) / 2
			}
			next, _, _ = strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "<"), ">")
		}
		if entries != total || pages != (total+1)/2 {
			t.Errorf("%s: %d entries on %d pages, want %d", path, entries, pages, total)
		}
	}
}

func TestTokens(t *testing.T) {
	tokens := &strict.Tokens{Accounts: []strict.Account{
		{User: "u", Password: "p", Pull: []string{"a"}, Push: []string{"a/b"}},
		{IdentityToken: "id", Pull: []string{"c"}},
	}}
	g := strict.New(strict.Options{})
	r := g.Serve(t, tokens.Wrap)
	g.Image("a/b", "1", "x")
	g.Image("c", "1", "y")
	resp, _ := ask(t, r, "GET", "a/b/tags/list", "")
	if got := resp.Header.Get("WWW-Authenticate"); resp.StatusCode != 401 || !strings.Contains(got, `scope="repository:a/b:pull"`) {
		t.Errorf("%s %s", resp.Status, got)
	}
	token := func(method, path, form string, header ...string) string {
		resp, body := ask(t, r, method, path, form, header...)
		want(t, 200, "", resp, body)
		var answer struct{ Token string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		return answer.Token
	}
	basic := func(scopes string) string { return token("GET", "/token?"+scopes, "", "Authorization", "Basic dTpw") }
	pull := basic("scope=repository:a/b:pull")
	for _, tt := range []struct {
		method, path, token string
		status              int
	}{
		{"GET", "a/b/tags/list", pull, 200},
		{"POST", "a/b/blobs/uploads/", pull, 401},
		{"GET", "c/tags/list", pull, 401},
		{"POST", "a/b/blobs/uploads/", basic("scope=repository:a/b:pull,push"), 202},
		{"POST", "a/x/blobs/uploads/", basic("scope=repository:a/x:pull,push"), 401},
		{"POST", "a/b/blobs/uploads/?mount=x&from=c", basic("scope=repository:a/b:push&scope=repository:c:pull"), 401},
		{"GET", "c/tags/list", token("POST", "/token", "grant_type=refresh_token&refresh_token=id&scope=repository:c:pull", "Content-Type", "application/x-www-form-urlencoded"), 200},
	} {
		resp, _ := ask(t, r, tt.method, tt.path, "", "Authorization", "Bearer "+tt.token)
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s with %s: %s, want %d", tt.method, tt.path, tt.token, resp.Status, tt.status)
		}
	}
	if resp, _ := ask(t, r, "GET", "/token?scope=repository:a/b:pull", "", "Authorization", "Basic dTpx"); resp.StatusCode != 401 || tokens.Denied() != 1 {
		t.Errorf("a wrong password: %s, %d denied", resp.Status, tokens.Denied())
	}
	tokens.Expire()
	resp, _ = ask(t, r, "GET", "a/b/tags/list", "", "Authorization", "Bearer "+pull)
	if resp.StatusCode != 401 {
		t.Errorf("an expired token: %s", resp.Status)
	}
	if !strings.Contains(strict.AuthFile(map[string]strict.Account{"h/a": tokens.Accounts[0]}), `"h/a":`) {
		t.Error("the auth file does not name its key")
	}
}
