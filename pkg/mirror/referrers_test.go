package mirror_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// TestReferrersFromHandToHand mirrors an index with a signature, an SBOM of a
// child and cosign's tags through several registries, with and without the
// referrers API; the last one still lists all of them.
func TestReferrersFromHandToHand(t *testing.T) {
	first := strict.New(strict.Options{})
	child := first.Image("a/b", "", "child", first.Blob("a/b", []byte("layer")))
	index := first.Index("a/b", "v1", strict.For("linux", "amd64", child))
	refer := func(subject v1.Descriptor, kind string) string {
		config := first.Blob("a/b", []byte("{}"))
		config.MediaType = "application/vnd.oci.empty.v1+json"
		return first.Manifest("a/b", "", types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: "application/" + kind, Config: config,
			Layers: []v1.Descriptor{first.Blob("a/b", []byte(kind))}, Subject: &subject,
		}).Digest.String()
	}
	want := map[string]string{index.Digest.String(): refer(index, "signature"), child.Digest.String(): refer(child, "sbom")}
	cosign := "sha256-" + index.Digest.Hex + ".sig"
	first.Image("a/b", cosign, "cosign")

	from := first.Serve(t, nil)
	for _, to := range []*testkit.Registry{
		testkit.Distribution(t, false), testkit.Olareg(t), strict.New(strict.Options{NoReferrers: true}).Serve(t, nil),
		testkit.InProcess(t, nil), testkit.Distribution(t, true), strict.New(strict.Options{}).Serve(t, nil),
	} {
		c := client(t, from, to)
		report := run(t, plan(t, from, to, "$src/a/b:v1 $dst/a/b:v1"), mirror.Options{Client: c, Referrers: true})
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
		for subject, referrer := range want {
			if got := listed(t, c, registry.Repository{Host: to.Host, Path: "a/b"}, subject); !slices.Contains(got, referrer) {
				t.Errorf("%s lists %q for %s, want %s", to.Name, got, subject, referrer)
			}
			if _, err := testkit.CompareImages(from, "a/b@"+referrer, to, "a/b@"+referrer); err != nil {
				t.Error(err)
			}
		}
		if _, err := testkit.CompareImages(from, "a/b:"+cosign, to, "a/b:"+cosign); err != nil {
			t.Error(err)
		}
		again := run(t, plan(t, from, to, "$src/a/b:v1 $dst/a/b:v1"), mirror.Options{Client: client(t, from, to), Referrers: true})
		wantSummary(t, again, map[mirror.Outcome]int{mirror.Unchanged: 1})
		if again.Moved != (mirror.Moved{}) {
			t.Errorf("%s: the second run moved %+v", to.Name, again.Moved)
		}
		from = to
	}
}

// listed returns the digests of the referrers of a manifest, by the API or the
// fallback tag.
func listed(t *testing.T, c *registry.Client, repo registry.Repository, subject string) (digests []string) {
	t.Helper()
	list, known, err := c.Referrers(context.Background(), repo, subject)
	if err != nil {
		t.Fatal(err)
	}
	if !known {
		m, err := c.Manifest(context.Background(), repo, strings.Replace(subject, ":", "-", 1))
		if err != nil {
			t.Fatal(err)
		}
		content, err := m.Content()
		if err != nil {
			t.Fatal(err)
		}
		list = content.Children
	}
	for _, d := range list {
		digests = append(digests, d.Digest.String())
	}
	return digests
}

// TestListsOfReferrers copies an image with a referrer that only the source's
// API knows, and one that only its tag lists, to a registry without the API.
func TestListsOfReferrers(t *testing.T) {
	const byAPI, byTag, theirs = "by API", "by tag", "theirs"
	backup, err := mapping.ParseBackup("{{.Tag}}-previous")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		at      string // content of the source's tag: a partial or complete list, an image
		has     string // content of the destination's tag: nothing, a partial or complete list, an image, an index
		opts    mirror.Options
		outcome mirror.Outcome
		lists   []string // nil: the tag does not change
		says    string
	}{
		{"the source's tag does not list all", "list", "", mirror.Options{}, mirror.Unchanged, []string{byAPI, byTag}, ""},
		{"the source's tag lists all", "all", "", mirror.Options{}, mirror.Unchanged, []string{byAPI, byTag}, ""},
		{"the source's tag is an image", "image", "", mirror.Options{}, mirror.Unchanged, []string{byAPI}, ""},
		{"immutable and not there", "list", "", mirror.Options{Immutable: globs(t, "*:*")}, mirror.Unchanged, []string{byAPI, byTag}, ""},
		{"a list grows", "list", "list", mirror.Options{}, mirror.Unchanged, []string{byAPI, byTag, theirs}, ""},
		{"a list grows where nothing is overwritten", "list", "list", mirror.Options{Overwrite: mirror.OverwriteNever}, mirror.Unchanged, []string{byAPI, byTag, theirs}, ""},
		{"a list grows that is not recorded", "list", "list", mirror.Options{Overwrite: mirror.OverwriteOurs}, mirror.Unchanged, []string{byAPI, byTag, theirs}, ""},
		{"a list grows without a backup", "list", "list", mirror.Options{Backup: backup}, mirror.Unchanged, []string{byAPI, byTag, theirs}, ""},
		{"an immutable list does not", "list", "list", mirror.Options{Immutable: globs(t, "*:sha256-*")}, mirror.Protected, nil, "is immutable (*:sha256-*)"},
		{"an immutable list need not", "list", "all", mirror.Options{Immutable: globs(t, "*:sha256-*")}, mirror.Unchanged, nil, ""},
		{"the destination's tag is an image", "list", "image", mirror.Options{}, mirror.Protected, nil, "not a list of referrers"},
		{"the destination's tag is an index of images", "list", "images", mirror.Options{}, mirror.Protected, nil, "not a list of referrers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Recorder
			src, dst := strict.New(strict.Options{}), strict.New(strict.Options{NoReferrers: true})
			img := src.Image("a/b", "v1", "x")
			dst.Image("c/d", "v1", "x")
			tag := "sha256-" + img.Digest.Hex
			refer := func(g *strict.Registry, repo, kind string, subject *v1.Descriptor) v1.Descriptor {
				d := g.Manifest(repo, "", types.OCIManifestSchema1, v1.Manifest{
					SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: "application/" + kind,
					Config: g.Blob(repo, []byte("{}")), Layers: []v1.Descriptor{g.Blob(repo, []byte(kind))}, Subject: subject,
				})
				d.ArtifactType = "application/x-test"
				return d
			}
			all := map[string]v1.Descriptor{byAPI: refer(src, "a/b", byAPI, &img), byTag: refer(src, "a/b", byTag, nil), theirs: refer(dst, "c/d", theirs, nil)}
			switch tt.at {
			case "list":
				src.Index("a/b", tag, all[byTag])
			case "all":
				src.Index("a/b", tag, all[byTag], all[byAPI])
			case "image":
				src.Image("a/b", tag, "no list")
			}
			switch tt.has {
			case "list":
				dst.Index("c/d", tag, all[theirs])
			case "all":
				dst.Index("c/d", tag, refer(dst, "c/d", byTag, nil), refer(dst, "c/d", byAPI, &img))
			case "image":
				dst.Image("c/d", tag, "no list")
			case "images":
				dst.Index("c/d", tag, strict.For("linux", "amd64", dst.Image("c/d", "", "no list")))
			}
			had := dst.Content("c/d", tag)
			from, to := src.Serve(t, nil), dst.Serve(t, log.Wrap)
			opts := tt.opts
			mirrored := func() *mirror.Report {
				opts.Client, opts.Referrers = client(t), true
				report := run(t, plan(t, from, to, "$src/a/b:v1 $dst/c/d:v1"), opts)
				wantSummary(t, report, map[mirror.Outcome]int{tt.outcome: 1})
				return report
			}
			if e := mirrored().Entries[0]; !strings.Contains(e.Error, tt.says) {
				t.Errorf("%q is not in the error: %s", tt.says, e.Error)
			}
			now := dst.Content("c/d", tag)
			if tt.lists == nil && now != had {
				t.Errorf("the tag holds %s, want %s", now, had)
			}
			if tt.at == "all" && tt.has == "" && now != src.Content("a/b", tag) {
				t.Errorf("the tag holds %s, want the source's bytes %s", now, src.Content("a/b", tag))
			}
			for kind, d := range all {
				if tt.lists != nil && strings.Contains(now, d.Digest.String()) != slices.Contains(tt.lists, kind) {
					t.Errorf("it should list %q: %s", tt.lists, now)
				}
			}
			log.Reset()
			if mirrored(); log.Count("PUT manifest") > 0 {
				t.Errorf("the second run writes again: %q", log.Requests())
			}
			if len(dst.Tags("c/d")) != 2 {
				t.Errorf("the tags are %v", dst.Tags("c/d"))
			}
		})
	}
}

// oneReferrer returns two registries with an image. The source has its
// referrer, listed under tag.
func oneReferrer() (src, dst *strict.Registry, tag string, ours v1.Descriptor) {
	src, dst = strict.New(strict.Options{}), strict.New(strict.Options{NoReferrers: true})
	img := src.Image("a/b", "v1", "x")
	dst.Image("c/d", "v1", "x")
	tag = "sha256-" + img.Digest.Hex
	ours = src.Image("a/b", "", "ours")
	src.Index("a/b", tag, ours)
	return src, dst, tag, ours
}

// Somebody else adds to a list while our push of it fails: their entry stays in
// the list.
func TestListChangesBetweenAttempts(t *testing.T) {
	var log testkit.Recorder
	src, dst, tag, ours := oneReferrer()
	theirs := dst.Image("c/d", "", "theirs")
	var failed atomic.Int64
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if class != "PUT manifest" || !strings.HasSuffix(r.URL.Path, tag) || failed.Add(1) > 1 {
			return false
		}
		dst.Index("c/d", tag, theirs)
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	report := run(t, plan(t, src.Serve(t, nil), dst.Serve(t, log.Wrap), "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: client(t), Referrers: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1})
	for _, d := range []v1.Descriptor{ours, theirs} {
		if now := dst.Content("c/d", tag); !strings.Contains(now, d.Digest.String()) {
			t.Errorf("%s is not in the list: %s", d.Digest, now)
		}
	}
}

// A wildcard that matches fallback tags does not undo what copying the images
// added. A fallback tag that holds an image is copied as an image.
func TestWildcardsAddToLists(t *testing.T) {
	for _, overwrite := range []mirror.Overwrite{mirror.OverwriteAlways, mirror.OverwriteNever} {
		var log testkit.Recorder
		src, dst := strict.New(strict.Options{}), strict.New(strict.Options{NoReferrers: true})
		img := src.Image("a/b", "v1", "x")
		tag := "sha256-" + img.Digest.Hex
		byAPI := src.Manifest("a/b", "", types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: src.Blob("a/b", []byte("{}")), Layers: []v1.Descriptor{}, Subject: &img,
		})
		ours, theirs := src.Image("a/b", "", "ours"), dst.Image("c/d", "", "theirs")
		src.Index("a/b", tag, ours)
		named := src.Image("a/b", "sha256-"+ours.Digest.Hex, "named like a list")
		dst.Index("c/d", tag, theirs)
		from, to := src.Serve(t, nil), dst.Serve(t, log.Wrap)
		mirrored := func(mode mirror.Mode, want map[mirror.Outcome]int) {
			t.Helper()
			log.Reset()
			opts := mirror.Options{Client: client(t), Referrers: true, Overwrite: overwrite, Mode: mode, Parallel: 1}
			report, err := mirror.Run(t.Context(), plan(t, from, to, "$src/a/b:* $dst/c/d"), opts)
			if err != nil {
				t.Fatal(err)
			}
			wantSummary(t, report, want)
			for _, e := range report.Entries {
				if said := strings.Join(e.Details, ""); strings.HasSuffix(e.Source, tag) != strings.Contains(said, "list of referrers: merged") {
					t.Errorf("%s: %q", e.Source, said)
				}
			}
		}
		mirrored(mirror.ModeCheck, map[mirror.Outcome]int{mirror.Differs: 1, mirror.Absent: 2})
		mirrored(mirror.ModePlan, map[mirror.Outcome]int{mirror.Planned: 3})
		mirrored(mirror.ModeRun, map[mirror.Outcome]int{mirror.Copied: 3})
		for _, d := range []v1.Descriptor{byAPI, ours, theirs} {
			if now := dst.Content("c/d", tag); !strings.Contains(now, d.Digest.String()) {
				t.Errorf("%s is not in the list: %s", d.Digest, now)
			}
		}
		if got := dst.Tags("c/d")["sha256-"+ours.Digest.Hex]; got != named.Digest.String() {
			t.Errorf("the image that is named like a list is %s", got)
		}
		mirrored(mirror.ModeCheck, map[mirror.Outcome]int{mirror.Unchanged: 3})
		mirrored(mirror.ModeRun, map[mirror.Outcome]int{mirror.Unchanged: 3})
		if n := log.Count("PUT manifest"); n > 0 {
			t.Errorf("%d manifests were written again: %q", n, log.Requests())
		}
	}
}

// A list with an entry that no longer exists can still grow, although the
// registry rejects such a list.
func TestListOfWhatIsGone(t *testing.T) {
	src, dst, tag, ours := oneReferrer()
	gone, theirs := dst.Image("c/d", "", "gone"), dst.Image("c/d", "", "theirs")
	dst.Index("c/d", tag, gone, theirs)
	dst.Drop("c/d", gone.Digest)
	report := run(t, plan(t, src.Serve(t, nil), dst.Serve(t, nil), "$src/a/b:v1 $dst/c/d:v1"), mirror.Options{Client: client(t), Referrers: true})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Unchanged: 1})
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "listed 1 manifests that no longer exist") {
		t.Errorf("notes: %q", report.Notes)
	}
	now := dst.Content("c/d", tag)
	for _, d := range []v1.Descriptor{ours, theirs, gone} {
		if strings.Contains(now, d.Digest.String()) != (d.Digest != gone.Digest) {
			t.Errorf("%s: %s", d.Digest, now)
		}
	}
}

// The report has the copied referrers of an image, even if the image itself is
// unchanged.
func TestReferrersAreTold(t *testing.T) {
	src, dst := strict.New(strict.Options{}), strict.New(strict.Options{NoReferrers: true})
	img := src.Image("a/b", "v1", "x")
	dst.Image("c/d", "v1", "x")
	src.Index("a/b", "sha256-"+img.Digest.Hex, src.Image("a/b", "", "ours"))
	src.Image("a/b", "sha256-"+img.Digest.Hex+".sig", "signature")
	p := plan(t, src.Serve(t, nil), dst.Serve(t, nil), "$src/a/b:v1 $dst/c/d:v1 $dst/c/d:v2")
	for _, tt := range []struct {
		mode  mirror.Mode
		want  map[mirror.Outcome]int
		times int
	}{
		{mirror.ModePlan, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Planned: 1}, 1},
		{mirror.ModeRun, map[mirror.Outcome]int{mirror.Unchanged: 1, mirror.Copied: 1}, 1},
		{mirror.ModeRun, map[mirror.Outcome]int{mirror.Unchanged: 2}, 0},
	} {
		report := run(t, p, mirror.Options{Client: client(t), Mode: tt.mode, Referrers: true, Parallel: 1})
		wantSummary(t, report, tt.want)
		if n := strings.Count(strings.Join(report.Entries[0].Details, ""), "referrers copied: 3"); n != tt.times || len(report.Entries[1].Details) > 0 {
			t.Errorf("%s: %q, %q", tt.mode, report.Entries[0].Details, report.Entries[1].Details)
		}
	}
}
