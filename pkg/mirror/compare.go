package mirror

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

const partsMissing = "the digest is right, but parts of the image are missing"

// compare says how a destination differs from its source, for a check, when it
// is not the same. have is the zero descriptor when it does not exist.
func (r *run) compare(ctx context.Context, src *origin, w *move, have ocispec.Descriptor, same bool, result Entry) (Entry, error) {
	switch {
	case have.Digest == "":
		result.Outcome = Absent
		return result, nil
	case same:
		result.Previous, result.Outcome = "", Unchanged
		if !r.opts.Deep {
			return result, nil
		}
		broken, err := r.repair(ctx, src, w)
		if broken {
			result.Outcome, result.Details = Differs, []string{partsMissing}
		}
		return result, err
	}
	want, err := src.image(ctx)
	if err != nil {
		return result, err
	}
	result.Outcome = Differs
	result.Details = append(result.Details, fmt.Sprintf("it holds %s", have.Digest))
	if !registry.IsIndex(want.MediaType) {
		return result, nil
	}
	got, err := r.client.Manifest(ctx, w.to, string(have.Digest))
	if err != nil {
		return result, err
	}
	if !registry.IsIndex(got.MediaType) {
		result.Details = append(result.Details, "it is an image of one platform, its source an index")
		return result, nil
	}
	result.Details = append(result.Details, differences(want, got)...)
	return result, nil
}

// differences names the platforms that one index has and the other has not, or
// has in another version.
func differences(want, got registry.Manifest) []string {
	w, g := byPlatform(want), byPlatform(got)
	var out []string
	for _, name := range sorted(w) {
		switch d, ok := g[name]; {
		case !ok:
			out = append(out, name+" is missing")
		case d != w[name]:
			out = append(out, name+" is another image")
		}
	}
	for _, name := range sorted(g) {
		if _, ok := w[name]; !ok {
			out = append(out, name+" is too many")
		}
	}
	return out
}

func byPlatform(m registry.Manifest) map[string]string {
	out := map[string]string{}
	content, err := m.Content()
	if err != nil {
		return out
	}
	for _, c := range content.Children {
		name := platform(c)
		if _, taken := out[name]; taken || attestation(c) {
			name = string(c.Digest)
		}
		out[name] = string(c.Digest)
	}
	return out
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// hostsOf gives the hosts of URLs, and nothing else of them.
func hostsOf(urls []string) string {
	var hosts []string
	for _, s := range urls {
		if u, err := url.Parse(s); err == nil && u.Host != "" && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return strings.Join(hosts, ", ")
}
