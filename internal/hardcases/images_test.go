package hardcases

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// images are the cases of unusual images.
var images = []hardCase{
	{name: "01-child-manifest-gone", what: "a child of an index is gone at the source (404), or cannot be read (502)",
		does: "the line fails, the others go on; the error names index, child and platform; the tag is not pushed",
		try: func(s *scene) {
			amd, arm := s.image("a/b", "", 90), s.image("a/b", "", 80)
			index := s.src.Index("a/b", "1", strict.For("linux", "amd64", amd), strict.For("linux", "arm64", arm))
			s.image("a/b", "2", 70)
			s.src.Drop("a/b", arm.Digest)
			report := s.run("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2")
			s.failed(report.Entries[0], mirror.CauseSourceMissing, index.Digest.String(), arm.Digest.String(), "linux/arm64")
			report.Entries = report.Entries[1:]
			s.want(report, mirror.Copied)
			s.same(report)
			skipping := s.again(strict.Options{}) // which is for images that are gone as a whole
			skipping.options.SkipMissing = true
			skipping.failed(skipping.entry("$src/a/b:1 $dst/c:1"), mirror.CauseSourceMissing)
			n := s.again(strict.Options{})
			n.srcLog.Fault = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
				if strings.HasSuffix(r.URL.Path, arm.Digest.String()) {
					w.WriteHeader(http.StatusBadGateway)
					return true
				}
				return false
			}
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseUnavailable, index.Digest.String(), arm.Digest.String(), "linux/arm64", "502")
		}},
	{name: "02-destination-incomplete", what: "the destination has the root, but not all children and blobs",
		does: "a correct digest counts as complete; `--verify deep` finds and repairs what is missing; a manifest that the registry refuses for it is repaired by default",
		try: func(s *scene) {
			layer := s.src.Blob("a/b", noise("layer", 90_000))
			amd, arm := s.src.Image("a/b", "", "amd", layer), s.image("a/b", "", 80)
			s.src.Index("a/b", "1", strict.For("linux", "amd64", amd), strict.For("linux", "arm64", arm))
			own := s.src.Blob("a/b", noise("own", 70_000))
			s.src.Image("a/b", "2", "other", layer, own)
			lines := []string{"$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2"}
			s.copied(lines...)
			s.dst.Drop("c", arm.Digest)
			s.dst.Drop("c", layer.Digest)
			s.want(s.run(lines...), mirror.Unchanged) // reading the tags does not show it
			// A new tag for an incomplete image is refused, and the image is
			// repaired automatically.
			s.copied("$src/a/b:1 $dst/c:new")
			for _, d := range []v1.Descriptor{amd, layer, own} {
				s.dst.Drop("c", d.Digest)
			}
			s.options.Mode, s.options.Deep = mirror.ModeCheck, true
			s.want(s.run(lines...), mirror.Differs)
			s.options.Mode = mirror.ModeRun
			report := s.run(lines...)
			s.want(report, mirror.Repaired)
			s.same(report)
			s.want(s.run(lines...), mirror.Unchanged)
			// The tag's current image lists a layer that no longer exists.
			s.dst.Drop("c", layer.Digest)
			s.src.Image("a/b", "2", "newer", layer, own)
			s.copied(lines[1])
			s.options.Deep = true
			s.run(lines...)
		}},
	{name: "03-nested-index", what: "an index in an index",
		does: "copied, the innermost first; if the registry refuses nested indexes, its reason is reported",
		try: func(s *scene) {
			inner := s.src.Index("a/b", "", strict.For("linux", "amd64", s.image("a/b", "", 90)))
			s.src.Index("a/b", "1", strict.For("linux", "arm64", s.image("a/b", "", 80)), s.src.Index("a/b", "", inner))
			s.copied("$src/a/b:1 $dst/c:1")
			refusing := s.again(strict.Options{Refuse: func(mediaType string, body []byte) string {
				if strings.Count(string(body), string(types.OCIImageIndex)) > 1 {
					return "nested indexes are not supported"
				}
				return ""
			}})
			refusing.failed(refusing.entry("$src/a/b:1 $dst/c:1"), mirror.CauseRefused, "nested indexes are not supported")
		}},
	{name: "04-shared-child", what: "two tags whose indexes share a child",
		does: "the child is copied once, before both parents",
		try: func(s *scene) {
			a, b, c := s.image("a/b", "", 90), s.image("a/b", "", 80), s.image("a/b", "", 70)
			s.src.Index("a/b", "1", strict.For("linux", "amd64", a), strict.For("linux", "arm64", b))
			s.src.Index("a/b", "2", strict.For("linux", "amd64", a), strict.For("linux", "arm64", c))
			for range 30 {
				n := s.again(strict.Options{})
				n.copied("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2")
				if puts := n.dstLog.Count("PUT manifest"); puts != 5 {
					s.Errorf("%d manifests were written, want each of five once: a parent came before its child", puts)
				}
			}
		}},
	{name: "05-attestations", what: "BuildKit's children for `unknown/unknown`",
		does: "copied with the index; a filter keeps them with their image. After a run with a filter, only `--verify deep` brings the rest, because the digest of the index is the same",
		dst:  strict.Options{Sparse: true}, try: func(s *scene) {
			amd, arm := s.image("a/b", "", 90), s.image("a/b", "", 80)
			about := func(image v1.Descriptor) v1.Descriptor {
				d := strict.For("unknown", "unknown", s.src.Image("a/b", "", "about "+image.Digest.Hex))
				d.Annotations = map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": image.Digest.String()}
				return d
			}
			ofAmd, ofArm := about(amd), about(arm)
			s.src.Index("a/b", "1", strict.For("linux", "amd64", amd), strict.For("linux", "arm64", arm), ofAmd, ofArm)
			s.copied("$src/a/b:1 $dst/c:1")
			// A filter copies the selected platforms and reports the others.
			for _, filter := range []string{"linux/amd64", "unknown/unknown|linux/amd64"} {
				s.options.Platform = func(p string) bool { return strings.Contains(filter, p) }
				e := s.entry("$src/a/b:1 $dst/d:1")
				if e.Outcome != mirror.Copied && e.Outcome != mirror.Unchanged {
					s.Errorf("%+v", e)
				}
				if details := strings.Join(e.Details, "; "); !strings.Contains(details, "linux/arm64") || !strings.Contains(details, "2 of 4") {
					s.Errorf("what was left out is not told: %q", details)
				}
				for d, want := range map[v1.Hash]bool{amd.Digest: true, ofAmd.Digest: true, arm.Digest: false, ofArm.Digest: false} {
					if s.dst.Has("d", d) != want {
						s.Errorf("%s: copied %v, want %v", d, !want, want)
					}
				}
			}
			// Its digest is that of the whole index; --verify deep completes
			// it.
			s.options.Platform, s.options.Deep = nil, true
			whole := s.run("$src/a/b:1 $dst/d:1")
			s.want(whole, mirror.Repaired)
			s.same(whole)
			s.options.Platform, s.options.Deep = func(p string) bool { return p == "linux/amd64" }, false
			picky := s.again(strict.Options{}) // and rejects an index without its children
			picky.options = s.options
			picky.failed(picky.entry("$src/a/b:1 $dst/d:1"), mirror.CauseRefused, "only with all of its platforms", "MANIFEST_BLOB_UNKNOWN")
			s.options.Single = true
			s.want(s.run("$src/a/b:1 $dst/e:1"), mirror.Copied)
			if got := s.real.Digest("e:1"); got != amd.Digest.String() {
				s.Errorf("e:1 is %s, want the image for linux/amd64", got)
			}
		}},
	{name: "06-referrers-and-signature-tags", what: "OCI 1.1 referrers, cosign's tags, also of children and of referrers",
		does: "`--referrers` copies them, and the entry counts them; in a registry without the API the fallback tag lists the new ones and keeps the old ones; without the flag, those that a list of tags shows are counted",
		try:  referrers},
	{name: "07-empty-config", what: "an artifact with the config `application/vnd.oci.empty.v1+json`",
		does: "copied byte for byte; if the registry refuses it, its reason is reported",
		try: func(s *scene) {
			artifact := func(tag string) {
				config := s.src.Blob("a/b", []byte("{}"))
				config.MediaType, config.Data = "application/vnd.oci.empty.v1+json", []byte("{}")
				s.src.Manifest("a/b", tag, types.OCIManifestSchema1, map[string]any{
					"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": "application/x-test", "config": config, "layers": []v1.Descriptor{config},
				})
			}
			artifact("1")
			const never = "application/vnd.oci.artifact.manifest.v1+json" // released, but found
			s.src.Manifest("a/b", "2", never, map[string]any{"mediaType": never, "blobs": []v1.Descriptor{s.src.Blob("a/b", noise("blob", 30))}})
			s.copied("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2")
			n := s.again(strict.Options{Refuse: func(_ string, body []byte) string {
				if strings.Contains(string(body), "vnd.oci.empty") {
					return "config media type application/vnd.oci.empty.v1+json is not accepted"
				}
				return ""
			}})
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseRefused, "MANIFEST_INVALID", "vnd.oci.empty.v1+json is not accepted")
		}},
	{name: "08-empty-blob", what: "a layer of no bytes",
		does: "copied; the error names a registry that fails on it",
		try: func(s *scene) {
			s.src.Image("a/b", "1", "x", s.src.Blob("a/b", nil), s.src.Blob("a/b", []byte("x")))
			s.copied("$src/a/b:1 $dst/c:1")
			n := s.again(strict.Options{})
			n.dstLog.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if class == "PUT upload" && strings.Contains(r.URL.RawQuery, "e3b0c442") {
					w.WriteHeader(http.StatusInternalServerError)
					return true
				}
				return false
			}
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseUnavailable, "refuses the empty blob", "e3b0c442", "500")
		}},
	{name: "09-schema1", what: "Docker's first format",
		does: "refused with a clear error, never converted",
		try: func(s *scene) {
			for tag, kind := range map[string]types.MediaType{"1": types.DockerManifestSchema1Signed, "2": types.DockerManifestSchema1} {
				s.src.Manifest("a/b", tag, kind, map[string]any{"schemaVersion": 1, "name": "a/b", "tag": tag, "fsLayers": []any{}, "signatures": []any{}})
			}
			for range 2 { // and the second time no more is requested
				s.dstLog.Reset()
				report := s.run("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2")
				for _, e := range report.Entries {
					s.failed(e, mirror.CauseUnsupported, "schema 1")
				}
				if n := s.dstLog.Count(); n > 5 || s.dstLog.Count("ping", "HEAD manifest", "GET manifest") < n {
					s.Errorf("%d requests to the destination: %v", n, s.dstLog.Requests())
				}
			}
		}},
	{name: "10-foreign-layers", what: "layers with `urls`",
		does: "copied if the source has them, else left out with a note",
		try: func(s *scene) {
			foreign := s.src.Blob("a/b", noise("foreign", 500))
			foreign.MediaType, foreign.URLs = types.DockerForeignLayer, []string{"https://127.0.0.1:1/layer?sig=secret"}
			s.src.Image("a/b", "1", "x", foreign)
			s.copied("$src/a/b:1 $dst/c:1") // the source has it, so it is copied
			if !s.dst.Has("c", foreign.Digest) {
				s.Error("the layer was not copied")
			}
			s.src.Drop("a/b", foreign.Digest)
			n := s.again(strict.Options{})
			report := n.copied("$src/a/b:1 $dst/c:1")
			if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "foreign layer "+foreign.Digest.String()+" (127.0.0.1:1)") || strings.Contains(notes, "secret") {
				s.Errorf("notes: %s", notes)
			}
			n = s.again(strict.Options{Refuse: func(string, []byte) string { return "a layer is not here" }})
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseRefused, "a layer is not here")
		}},
	{name: "11-other-formats", what: "an OCI index for a registry that accepts only Docker's formats, and the reverse",
		does: "fails with the registry's reason; never converted",
		dst: strict.Options{Refuse: func(mediaType string, _ []byte) string {
			if strings.Contains(mediaType, ".oci.") {
				return "unsupported manifest media type " + mediaType
			}
			return ""
		}}, try: func(s *scene) {
			s.src.Index("a/b", "1", strict.For("linux", "amd64", s.image("a/b", "", 90)))
			s.image("a/b", "2", 90)
			for _, tag := range []string{"1", "2"} {
				s.failed(s.entry("$src/a/b:"+tag+" $dst/c:"+tag), mirror.CauseRefused, "MANIFEST_INVALID", "unsupported manifest media type application/vnd.oci.image")
			}
			if len(s.dst.Tags("c")) > 0 {
				s.Errorf("written: %v", s.dst.Tags("c"))
			}
			n := s.again(strict.Options{Refuse: func(mediaType string, _ []byte) string {
				if strings.Contains(mediaType, ".docker.") {
					return "manifest type " + mediaType + " is not supported"
				}
				return ""
			}})
			n.src.Manifest("a/b", "3", types.DockerManifestList, v1.IndexManifest{SchemaVersion: 2, MediaType: types.DockerManifestList, Manifests: []v1.Descriptor{s.image("a/b", "", 70)}})
			n.failed(n.entry("$src/a/b:3 $dst/c:3"), mirror.CauseRefused, "manifest type application/vnd.docker.distribution.manifest.list.v2+json is not supported")
			n.copied("$src/a/b:1 $dst/c:1")
		}},
	{name: "12-tag-moves", what: "the source's tag moves during the run",
		does: "all destinations get what the tag pointed to when `mirror` resolved it",
		try: func(s *scene) {
			first := s.image("a/b", "1", 90)
			second := s.image("a/b", "", 80)
			s.srcLog.Edit = func(_ *http.Request, class string, _ int, _ http.Header) {
				if class == "HEAD manifest" { // after the response the tag moves
					s.src.Tag("a/b", "1", second)
				}
			}
			report := s.run("$src/a/b:1 $dst/c:1 $dst/d:1", "$src/a/b:1 $dst/e:1")
			s.want(report, mirror.Copied)
			s.same(report)
			for _, e := range report.Entries {
				if e.Digest != first.Digest.String() {
					s.Errorf("%s is %s, want what the tag was when it was looked at", e.Destination, e.Digest)
				}
			}
		}},
	{name: "13-one-digest-many-tags", what: "a digest as source, for several tags and for none",
		does: "each blob and tag is pushed once, nothing the second time",
		try: func(s *scene) {
			image := s.image("a/b", "", 90_000)
			line := fmt.Sprintf("$src/a/b@%s $dst/c:1 $dst/c:2 $dst/c:3 $dst/d:1 $dst/e", image.Digest)
			s.copied(line)
			if n := s.srcLog.Count("GET blob"); n != 2 {
				s.Errorf("%d blobs were read, want the layer and the config once", n)
			}
			if n := s.dstLog.Count("PUT manifest"); n != 5 {
				s.Errorf("%d manifests were written, want one for each tag and the untagged one", n)
			}
			s.dstLog.Reset()
			s.want(s.run(line), mirror.Unchanged)
			if n := s.dstLog.Count("PUT manifest"); n != 0 {
				s.Errorf("%d manifests were written again", n)
			}
		}},
	{name: "14-immutable-and-right", what: "an immutable tag that is correct",
		does: "not pushed; an incorrect one fails with the registry's reason",
		dst:  strict.Options{Immutable: true}, try: func(s *scene) {
			s.image("a/b", "1", 90)
			s.image("a/b", "2", 80)
			s.copied("$src/a/b:1 $dst/c:1")
			s.dstLog.Reset()
			s.want(s.run("$src/a/b:1 $dst/c:1"), mirror.Unchanged)
			if n := s.dstLog.Count("PUT manifest"); n != 0 {
				s.Error("a tag that is right already was written")
			}
			before := s.dst.Tags("c")["1"]
			e := s.entry("$src/a/b:2 $dst/c:1")
			if e.Outcome != mirror.Failed || e.Cause != mirror.CauseRefused || !strings.Contains(e.Error, "immutable") || s.dst.Tags("c")["1"] != before {
				s.Errorf("another image for an immutable tag: %+v", e)
			}
		}},
}

// referrers is the case of signatures and attestations, by the API and by tags.
func referrers(s *scene) {
	amd := s.image("a/b", "", 90)
	index := s.src.Index("a/b", "1", strict.For("linux", "amd64", amd))
	refer := func(subject v1.Descriptor, label string) v1.Descriptor {
		return s.src.Manifest("a/b", "", types.OCIManifestSchema1, map[string]any{
			"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": "test/" + label, "subject": subject,
			"config": s.src.Blob("a/b", []byte("{}")), "layers": []v1.Descriptor{s.src.Blob("a/b", noise(label, 40))},
		})
	}
	sbom := refer(amd, "sbom of a child")
	api := []v1.Descriptor{refer(index, "signature"), sbom, refer(sbom, "signature of an sbom")}
	tags := map[string]bool{}
	for _, d := range []v1.Hash{index.Digest, amd.Digest} {
		for _, ending := range []string{".sig", ".att", ".sbom"} {
			tag := "sha256-" + d.Hex + ending
			s.image("a/b", tag, 30)
			tags[tag] = true
		}
	}
	check := func(s *scene, want bool) {
		s.Helper()
		for _, d := range api {
			if s.dst.Has("c", d.Digest) != want {
				s.Errorf("the referrer %s: there %v, want %v", d.Digest, !want, want)
			}
		}
		have := s.dst.Tags("c")
		for tag := range tags {
			if (have[tag] != "") != want {
				s.Errorf("the tag %s: %q", tag, have[tag])
			}
		}
	}
	s.copied("$src/a/b:1 $dst/c:1")
	check(s, false)
	s.options.Referrers = true
	s.want(s.run("$src/a/b:1 $dst/c:1"), mirror.Unchanged)
	check(s, true)
	s.dstLog.Reset()
	s.run("$src/a/b:1 $dst/c:1")
	if n := s.dstLog.Count("PUT manifest"); n != 0 {
		s.Errorf("%d manifests were written again", n)
	}

	// A destination without the API gets the fallback tag, and existing entries
	// of its list stay.
	n := s.again(strict.Options{NoReferrers: true})
	n.options.Referrers = true
	other := n.dst.Image("c", "", "somebody else's signature")
	fallback := "sha256-" + index.Digest.Hex
	n.dst.Index("c", fallback, other)
	n.copied("$src/a/b:1 $dst/c:1")
	check(n, true)
	for subject, want := range map[v1.Hash][]v1.Descriptor{index.Digest: {other, api[0]}, amd.Digest: {api[1]}, sbom.Digest: {api[2]}} {
		for _, d := range want {
			if got := n.dst.Content("c", "sha256-"+subject.Hex); !strings.Contains(got, d.Digest.String()) {
				s.Errorf("the tag for the referrers of %s does not list %s: %s", subject, d.Digest, got)
			}
		}
	}

	// A source without the API also has that tag; a wildcard shows what is left
	// out without --referrers.
	old := newScene(s.T, strict.Options{NoReferrers: true}, strict.Options{})
	image := old.image("a/b", "1", 90)
	signature := old.src.Manifest("a/b", "", types.OCIManifestSchema1, map[string]any{
		"schemaVersion": 2, "mediaType": types.OCIManifestSchema1, "artifactType": "test/x", "subject": image,
		"config": old.src.Blob("a/b", []byte("{}")), "layers": []v1.Descriptor{},
	})
	fallback = "sha256-" + image.Digest.Hex
	old.src.Index("a/b", fallback, signature)
	report := old.copied("$src/a/b:1 $dst/c:1", "$src/a/b:1* $dst/d")
	if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "1 signatures or other referrers") {
		s.Errorf("notes: %s", notes)
	}
	if report.ReferrersLeft != 1 || slices.Contains(old.dstLog.Requests(), "referrers") {
		s.Errorf("%d referrers were seen and left, want 1", report.ReferrersLeft)
	}
	old.options.Referrers = true
	old.run("$src/a/b:1 $dst/c:1")
	if got := old.dst.Tags("c")[fallback]; got == "" || !old.dst.Has("c", signature.Digest) {
		s.Errorf("the tag %s: %q", fallback, got)
	}
}
