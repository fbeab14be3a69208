package mirror_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// TestTagOfADigestIsTheImage: a registry may return the image itself for a tag
// such as sha256-HEX. It is not a list of referrers, so it is neither protected
// nor written.
func TestTagOfADigestIsTheImage(t *testing.T) {
	src, dst, tag, _ := oneReferrer()
	log := &testkit.Recorder{}
	odd := func(h http.Handler) http.Handler {
		return log.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet || r.Method == http.MethodHead {
				r.URL.Path = strings.Replace(r.URL.Path, "/manifests/sha256-", "/manifests/sha256:", 1)
			}
			h.ServeHTTP(w, r)
		}))
	}
	from, to := src.Serve(t, nil), dst.Serve(t, odd)
	report := run(t, plan(t, from, to, "$src/a/b:v1 $dst/a/b:v1"), mirror.Options{Client: client(t, from, to), Referrers: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
	for _, request := range log.Requests() {
		if strings.HasPrefix(request, "PUT ") && strings.HasSuffix(request, "/manifests/"+tag) {
			t.Error(request)
		}
	}
}
