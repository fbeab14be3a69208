package hardcases

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// more are other inputs that broke some tool.
var more = []hardCase{
	{name: "26-credentials-by-repository", what: "several robots on one host",
		does: "each repository uses its own credential and token",
		try: func(s *scene) {
			s.image("a/b", "1", 90_000)
			robots := map[string]strict.Account{}
			tokens := &strict.Tokens{}
			s.to = s.dst.Serve(s.T, func(h http.Handler) http.Handler { return tokens.Wrap(s.dstLog.Wrap(h)) })
			for _, org := range []string{"b", "c", "d"} {
				account := strict.Account{User: "robot-" + org, Password: "pass-" + org, Pull: []string{org}, Push: []string{org}}
				robots[s.to.Host+"/"+org] = account
				tokens.Accounts = append(tokens.Accounts, account)
			}
			s.authFile = strict.AuthFile(robots)
			s.copied("$src/a/b:1 $dst/b/x:1 $dst/c/y:1 $dst/d/z:1")
			tokens.CheckNarrow(s.T)
			s.failed(s.entry("$src/a/b:1 $dst/e/x:1"), mirror.CauseDenied) // none of the three is tried
			users := tokens.Users()
			for i, scopes := range tokens.Scopes() {
				path := strings.TrimPrefix(scopes[0], "repository:")
				if want := strings.TrimSuffix("robot-"+path[:1], "robot-e"); users[i] != want {
					s.Errorf("%q asked for %q, want %q", users[i], scopes, want)
				}
			}
		}},
	{name: "27-tags-in-pages", what: "lists of tags in pages, with invalid tags",
		does: "all pages are read; invalid tags are left out with a note",
		src:  strict.Options{PageSize: 2, ListedTags: []string{"sha256:" + strings.Repeat("0", 64), "-x", "a b"}}, try: func(s *scene) {
			for i := range 7 {
				s.image("a/b", fmt.Sprint("v", i), 90+i)
			}
			report := s.copied("$src/a/b $dst/c")
			if len(report.Entries) != 7 || s.srcLog.Count("tags") != 5 {
				s.Errorf("%d tags in %d pages", len(report.Entries), s.srcLog.Count("tags"))
			}
			if len(report.Notes) != 3 || !strings.Contains(report.Notes[0], "lists the invalid tag") {
				s.Errorf("notes: %q", report.Notes)
			}
		}},
	{name: "28-no-content-type", what: "manifests without, or with a wrong, Content-Type",
		does: "the type is read from the manifest, or follows from its fields",
		try: func(s *scene) {
			s.src.Index("a/b", "1", strict.For("linux", "amd64", s.image("a/b", "", 90)))
			s.image("a/b", "2", 80)
			config, layer := s.src.Blob("a/b", []byte(`{"os":"linux"}`)), s.src.Blob("a/b", noise("x", 50))
			config.MediaType = types.DockerConfigJSON
			s.src.Manifest("a/b", "3", types.DockerManifestSchema2, v1.Manifest{SchemaVersion: 2, MediaType: types.DockerManifestSchema2, Config: config, Layers: []v1.Descriptor{layer}})
			s.src.Manifest("a/b", "4", types.OCIManifestSchema1, map[string]any{"schemaVersion": 2, "config": config, "layers": []v1.Descriptor{layer}}) // no mediaType either
			for _, kind := range []string{"", "text/plain; charset=utf-8", "application/json"} {
				n := s.again(strict.Options{})
				n.srcLog.Edit = func(_ *http.Request, class string, _ int, h http.Header) {
					if strings.HasSuffix(class, " manifest") {
						if h["Content-Type"] = nil; kind != "" {
							h.Set("Content-Type", kind)
						}
					}
				}
				n.copied("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2", "$src/a/b:3 $dst/c:3", "$src/a/b:4 $dst/c:4")
			}
		}},
	{name: "29-large-manifest", what: "a manifest of more than 4 MiB",
		does: "copied, up to the limit in [guarantees](guarantees.md#hostile-registries); a registry's limit is reported",
		try: func(s *scene) {
			config := s.src.Blob("a/b", []byte("{}"))
			s.src.Manifest("a/b", "1", types.OCIManifestSchema1, v1.Manifest{
				SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: config, Layers: []v1.Descriptor{},
				Annotations: map[string]string{"x": strings.Repeat("y", 4_300_000)},
			})
			s.copied("$src/a/b:1 $dst/c:1")
			n := s.again(strict.Options{MaxBody: 4 << 20})
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseRefused, "413")
		}},
	{name: "30-children-collected", what: "children collected with a deleted tag though another needs them",
		does: "repaired, as in 02",
		try: func(s *scene) {
			// Two tags share a child; one is deleted, and the registry collects the
			// child although the other needs it.
			child := s.image("a/b", "", 90)
			s.src.Index("a/b", "1", strict.For("linux", "amd64", child))
			s.src.Index("a/b", "2", strict.For("linux", "amd64", child), strict.For("linux", "arm64", s.image("a/b", "", 80)))
			s.copied("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2")
			s.dst.Untag("c", "1")
			s.dst.Drop("c", child.Digest)
			s.copied("$src/a/b:1 $dst/c:1") // its index is still there by digest, and would be refused
			s.dst.Drop("c", child.Digest)
			s.options.Deep = true
			report := s.run("$src/a/b:2 $dst/c:2", "$src/a/b:1 $dst/c:1")
			if r := report.Summary[mirror.Repaired]; r == 0 || r+report.Summary[mirror.Unchanged] != 2 {
				s.Errorf("%v", report.Summary) // the second one finds the child
			}
			s.same(report)
		}},
	{name: "31-length-mismatch", what: "HEAD and GET give different lengths",
		does: "the length of HEAD is ignored",
		try: func(s *scene) {
			s.image("a/b", "1", 90)
			s.srcLog.Edit = func(_ *http.Request, class string, _ int, h http.Header) {
				if class == "HEAD manifest" || class == "HEAD blob" {
					h.Set("Content-Length", "7")
				}
			}
			s.dstLog.Edit = s.srcLog.Edit
			s.copied("$src/a/b:1 $dst/c:1")
			s.want(s.run("$src/a/b:1 $dst/c:1"), mirror.Unchanged)
		}},
	{name: "32-negative-size", what: "a layer of size −1",
		does: "the image fails; nothing is sent",
		try: func(s *scene) {
			layer := s.src.Blob("a/b", []byte("x"))
			layer.Size = -1
			s.src.Image("a/b", "1", "x", layer)
			s.failed(s.entry("$src/a/b:1 $dst/c:1"), mirror.CauseContent, layer.Digest.String(), "-1")
			if n := s.dst.Blobs("c"); n != 0 {
				s.Errorf("%d blobs were sent", n)
			}
		}},
	{name: "33-one-blob-many-lines", what: "one blob in many images at a time",
		does: "read and sent once, mounted elsewhere",
		try: func(s *scene) {
			layer := s.src.Blob("a/b", noise("shared", 300_000))
			var lines []string
			for i := range 30 {
				s.src.Image("a/b", fmt.Sprint(i), fmt.Sprint(i), layer)
				lines = append(lines, fmt.Sprintf("$src/a/b:%d $dst/c%d:%d $dst/shared:%d", i, i%10, i, i))
			}
			var reads atomic.Int64
			s.srcLog.Fault = func(_ http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if class == "GET blob" && strings.HasSuffix(r.URL.Path, layer.Digest.String()) {
					reads.Add(1)
				}
				return false
			}
			report := s.copied(lines...)
			if reads.Load() != 1 || report.Moved.Blobs != 31 {
				s.Errorf("the shared layer was read %d times; %d blobs were sent, want it and 30 configs", reads.Load(), report.Moved.Blobs)
			}
		}},
	{name: "34-windows-versions", what: "children that differ in `os.version` only",
		does: "copied; messages name the version",
		try: func(s *scene) {
			windows := func(version string) v1.Descriptor {
				d := s.src.Image("a/b", "", version)
				d.Platform = &v1.Platform{OS: "windows", Architecture: "amd64", OSVersion: version}
				return d
			}
			index := s.src.Index("a/b", "1", windows("10.0.17763.1"), windows("10.0.20348.1"))
			s.copied("$src/a/b:1 $dst/c:1")
			s.options.Platform, s.options.Single = func(p string) bool { return p == "windows/amd64" }, true
			s.failed(s.entry("$src/a/b:1 $dst/d:1"), mirror.CauseUnsupported, "2 platforms", "10.0.17763.1", "10.0.20348.1")
			s.options.Mode, s.options.Single, s.options.Platform = mirror.ModeCheck, false, nil
			other := windows("10.0.26100.1")
			s.dst.Image("c", "", "10.0.26100.1")
			s.dst.Index("c", "1", windows("10.0.17763.1"), other)
			e := s.entry("$src/a/b:1 $dst/c:1")
			if details := strings.Join(e.Details, "; "); !strings.Contains(details, "10.0.20348.1) is missing") || !strings.Contains(details, "10.0.26100.1) is only at the destination") {
				s.Errorf("%s: %s", index.Digest, details)
			}
		}},
	{name: "35-duplicate-children", what: "one child several times in an index",
		does: "copied once; the index is unchanged",
		try: func(s *scene) {
			child := strict.For("linux", "amd64", s.image("a/b", "", 90))
			s.src.Index("a/b", "1", child, child, strict.For("linux", "arm64", child))
			s.copied("$src/a/b:1 $dst/c:1")
			if n := s.dstLog.Count("PUT manifest"); n != 2 {
				s.Errorf("%d manifests were written, want the child once", n)
			}
		}},
	{name: "36-empty-index", what: "an index without children",
		does: "copied; with a filter, nothing is left of it",
		try: func(s *scene) {
			s.src.Index("a/b", "1")
			s.src.Manifest("a/b", "2", types.OCIImageIndex, []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}`))
			s.src.Manifest("a/b", "3", types.OCIImageIndex, []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":null}`))
			s.copied("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2", "$src/a/b:3 $dst/c:3")
			s.options.Platform = func(string) bool { return true }
			s.want(s.run("$src/a/b:1 $dst/d:1"), mirror.Filtered)
		}},
	{name: "37-other-digests", what: "a source with its SHA-512 digest",
		does: "copied; the next run needs one GET of the manifest, because registries report SHA-256",
		try: func(s *scene) {
			s.image("a/b", "1", 90_000)
			body := s.src.Content("a/b", "1")
			sum := digest.SHA512.FromString(body)
			put, err := http.NewRequest(http.MethodPut, "http://"+s.from.Host+"/v2/a/b/manifests/"+sum.String(), strings.NewReader(body))
			if err != nil {
				s.Fatal(err)
			}
			put.Header.Set("Content-Type", string(types.OCIManifestSchema1))
			if resp, err := s.from.Client().Do(put); err != nil || resp.StatusCode != http.StatusCreated {
				s.Fatal(resp, err)
			}
			lines := []string{"$src/a/b@" + sum.String() + " $dst/c:1 $dst/c:2 $dst/d"}
			for _, set := range []func(*mirror.Options){
				func(o *mirror.Options) {},
				func(o *mirror.Options) { o.Overwrite = mirror.OverwriteNever },
				func(o *mirror.Options) { o.Overwrite = mirror.OverwriteOurs },
			} {
				n := s.again(strict.Options{})
				set(&n.options)
				n.copied(lines...)
				n.srcLog.Reset()
				n.dstLog.Reset()
				report := n.run(lines...)
				n.want(report, mirror.Unchanged)
				n.same(report)
				if n.dstLog.Count("PUT manifest") != 0 || n.srcLog.Count() != 2 || n.srcLog.Count("GET manifest") != 1 {
					n.Errorf("asked of the source: %q, of the destination: %q", n.srcLog.Requests(), n.dstLog.Requests())
				}
				n.options.Mode = mirror.ModeCheck
				n.want(n.run(lines...), mirror.Unchanged)
			}
		}},
}
