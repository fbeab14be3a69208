package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// imageStreams imitates the API server of an OpenShift cluster: the image streams
// of a registry, for whoever has the token of the service account.
type imageStreams struct {
	host, token string // of the registry
	tags        map[string]string
}

// ServeHTTP implements [http.Handler].
func (s *imageStreams) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	repo, ok := strings.CutPrefix(r.URL.Path, "/apis/image.openshift.io/v1/namespaces/")
	namespace, name, two := strings.Cut(repo, "/imagestreams/")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+s.token:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"kind": "Status", "status": "Failure", "reason": "Unauthorized", "code": 401}`)
		return
	case !ok || !two:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var tags []string
	for tag, digest := range s.tags {
		tags = append(tags, fmt.Sprintf(`{"tag": %q, "items": [{"image": %q, "generation": 2}]}`, tag, digest))
	}
	fmt.Fprintf(w, `{"kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "metadata": {"name": %q},
		"status": {"publicDockerImageRepository": "%s/%s/%s", "tags": [%s]}}`, name, s.host, namespace, name, strings.Join(tags, ", "))
}

// TestImageStreams takes the sources' digests from the image streams of an
// OpenShift cluster, over TLS, with the token of a service account.
func TestImageStreams(t *testing.T) {
	var srcLog, apiLog testkit.Recorder
	src, dst := strict.New(strict.Options{}), strict.New(strict.Options{})
	from, to := src.Serve(t, srcLog.Wrap), dst.Serve(t, nil)
	streams := &imageStreams{host: from.Host, token: "of-the-service-account", tags: map[string]string{}}
	api := testkit.ServeTLS(t, "api", apiLog.Wrap(streams))
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var lines strings.Builder
	const tags = 6
	for i := range tags {
		tag := fmt.Sprintf("v%d", i)
		streams.tags[tag] = src.Image("team/app", tag, tag).Digest.String()
		dst.Image("org/app", tag, tag)
		fmt.Fprintf(&lines, "%s/team/app:%s %s/org/app:%s\n", from.Host, tag, to.Host, tag)
	}
	file, token := write("mapping", lines.String()), write("token", streams.token+"\n")
	for name, tt := range map[string]struct {
		flags []string
		heads int
		look  string
	}{
		"image streams":        {[]string{"--api-token", from.Host + "=" + token, "--certificate-authority", api.CAFile}, 0, "imagestream"},
		"no token":             {[]string{"--certificate-authority", api.CAFile}, tags, "protocol"},
		"an unknown authority": {[]string{"--api-token", from.Host + "=" + token}, tags, "protocol"},
		"no listing":           {[]string{"--api-token", from.Host + "=" + token, "--certificate-authority", api.CAFile, "--no-listing"}, tags, "protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			srcLog.Reset()
			apiLog.Reset()
			args := append([]string{"check", "-f", file, "--format", "json", "--image-streams", from.Host + "=https://" + api.Host}, tt.flags...)
			p := start(t, args...)
			if code := p.code(); code != 0 {
				t.Errorf("exit code %d: %s", code, p.said())
			}
			said := p.said()
			if n := srcLog.Count("HEAD manifest"); n != tt.heads {
				t.Errorf("%d tags looked at, want %d", n, tt.heads)
			}
			if n := strings.Count(said, `"sourceLook": "`+tt.look+`"`); n != tags {
				t.Errorf("%d sources seen by %s, want %d:\n%s", n, tt.look, tags, said)
			}
			if strings.Contains(said, streams.token) {
				t.Errorf("the token is in the output:\n%s", said)
			}
			asked := strings.Join(apiLog.Requests(), ", ")
			if name == "image streams" && asked != "GET /apis/image.openshift.io/v1/namespaces/team/imagestreams/app" || name == "no listing" && asked != "" {
				t.Errorf("the API server got %s", asked)
			}
		})
	}
	for _, bad := range []string{"host", "host=", "=https://api.invalid", "host=http://api.invalid", "host=api.invalid:6443", "host=https://user@api.invalid"} {
		if p := start(t, "check", "-f", file, "--image-streams", bad); p.code() != 2 || !strings.Contains(p.said(), "--image-streams") {
			t.Errorf("%q: exit code %d: %s", bad, p.code(), p.said())
		}
	}
}
