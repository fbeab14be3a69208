package validate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func referenceTypo() Rule {
	const line = "registry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n"
	return Rule{
		ID:    "reference-typo",
		Title: "a registry or organisation one letter away from what all others use, or the address of a web page",
		Why: "A registry that does not exist fails every run of the job. An organisation that somebody else may register gets the images " +
			"of the team. The address of a repository in a browser is not the name of its image.",
		Fix:      "Correct the name; for a page of quay.io leave out repository/.",
		Severity: source.Warning,
		Bad:      "-- core-services/image-mirroring/team/mapping_team --\n" + line + "registry.ci.openshift.org/team/stream:web qauy.io/team/web:latest\n",
		Good:     "-- core-services/image-mirroring/team/mapping_team --\n" + line + "registry.ci.openshift.org/team/stream:web quay.io/team/web:latest\n",
		Check:    checkReferenceTypo,
	}
}

func checkReferenceTypo(p *Pass) {
	for _, m := range p.tree.Mappings() {
		for e := range m.Entries() {
			for i, r := range slices.Concat([]mapping.Reference{e.Source}, e.Destinations) {
				if page, image := webPage(r); page {
					f := p.ReportAs(source.Error, r.Pos, "name the image: "+image, "%s is the address of a web page, not of an image", r.Text)
					f.Cause = Cause{ID: "web page", Summary: "{n} references are addresses of web pages, not of images", Hint: "name the images instead of their pages: " + image + ", for example"}
				} else if near := p.misspelt(r, m.Set.Name, i == 0); near != "" {
					wrong := organisationOf(r).String()
					if !strings.Contains(near, "/") {
						wrong = r.Host()
					}
					f := p.Report(r.Pos, "did you mean "+near+"?", "%s is nearly %s, which the other mappings use", wrong, near)
					f.Cause = Cause{ID: wrong, Summary: "{n} references name " + wrong + ", which is nearly " + near}
				}
			}
		}
	}
}

// webPages are the addresses of registries' web pages for repositories, with
// the image of each.
var webPages = []struct{ host, prefix, image string }{
	{"quay.io", "repository/", "quay.io/"},
	{"quay.io", "organization/", "quay.io/"},
	{"hub.docker.com", "r/", "docker.io/"},
	{"hub.docker.com", "_/", "docker.io/library/"},
	{"hub.docker.com", "", "docker.io/"},
	{"catalog.redhat.com", "", "registry.redhat.io/…"},
	{"github.com", "", "ghcr.io/…"},
}

// webPage reports whether a reference is the address of a page, and returns the
// image that was probably meant.
func webPage(r mapping.Reference) (page bool, image string) {
	host := strings.TrimPrefix(r.Host(), "www.")
	for _, w := range webPages {
		if rest, ok := strings.CutPrefix(r.Repository, w.prefix); ok && host == w.host {
			if strings.HasSuffix(w.image, "…") {
				return true, w.image
			}
			if r.Tag != "" {
				rest += ":" + r.Tag
			}
			return true, w.image + rest
		}
	}
	return false, ""
}

// wellKnown are registries whose names are often misspelt.
var wellKnown = []string{
	"docker.io", "gcr.io", "ghcr.io", "icr.io", "k8s.gcr.io", "lscr.io", "mcr.microsoft.com", "nvcr.io", "public.ecr.aws", "quay.io",
	"registry.access.redhat.com", "registry.ci.openshift.org", "registry.k8s.io", "registry.redhat.io",
}

// usage counts the references of all mappings.
type usage struct {
	hosts         map[string]int
	organisations map[organisation]int
	writers       map[string]int // of each destination

	likelyHosts         []string                  // the most used first
	likelyOrganisations map[string][]organisation // by host, the most used first
}

// mostLikely limits the names that a misspelt one is compared with.
const mostLikely = 100

// counted counts the references of all mappings, once.
func (f *facts) counted() *usage {
	if f.usage != nil {
		return f.usage
	}
	u := &usage{
		hosts: map[string]int{}, organisations: map[organisation]int{}, writers: map[string]int{},
		likelyOrganisations: map[string][]organisation{},
	}
	f.usage = u
	for _, m := range f.tree.Mappings() {
		for e := range m.Entries() {
			for _, r := range slices.Concat([]mapping.Reference{e.Source}, e.Destinations) {
				if r.Scheme == "" {
					u.hosts[r.Host()]++
					u.organisations[organisationOf(r)]++
				}
			}
			for _, d := range e.Destinations {
				u.writers[d.Canonical()]++
			}
		}
	}
	u.likelyHosts = slices.SortedFunc(maps.Keys(u.hosts), func(a, b string) int {
		return cmp.Or(u.hosts[b]-u.hosts[a], strings.Compare(a, b))
	})
	u.likelyHosts = u.likelyHosts[:min(len(u.likelyHosts), mostLikely)]
	for _, org := range slices.SortedFunc(maps.Keys(u.organisations), func(a, b organisation) int {
		return cmp.Or(u.organisations[b]-u.organisations[a], strings.Compare(a.String(), b.String()))
	}) {
		if list := u.likelyOrganisations[org.host]; len(list) < mostLikely {
			u.likelyOrganisations[org.host] = append(list, org)
		}
	}
	return u
}

// misspelt returns the registry, or the registry with an organisation, that was
// probably meant, or "". Of a source in the CI registry it only checks the
// host, because source-unpromoted checks the rest.
func (f *facts) misspelt(r mapping.Reference, set string, isSource bool) string {
	if r.Scheme != "" {
		return ""
	}
	used := f.counted()
	host, org := r.Host(), organisationOf(r)
	if !slices.Contains(wellKnown, host) {
		for _, other := range used.likelyHosts {
			likelier := used.hosts[other] > used.hosts[host] || slices.Contains(wellKnown, other)
			if likelier && (oneLetter(other, host) || otherDomain(other, host) || host == "www."+other) {
				return other
			}
		}
	}
	if _, ci := f.tree.CITag(r); isSource && ci {
		return ""
	}
	if own := (organisation{host, set}); org != own && used.organisations[own] > 0 && oneLetter(set, org.name) {
		return own.String()
	}
	for _, other := range used.likelyOrganisations[host] {
		if used.organisations[other] < 4*used.organisations[org] {
			break // the others are used even less
		}
		if oneLetter(other.name, org.name) {
			return other.String()
		}
	}
	return ""
}

// oneLetter reports whether two names differ by one letter. A digit does not
// count, as in versions, nor does a plural.
func oneLetter(a, b string) bool {
	const shortest = 5
	if min(len(a), len(b)) < shortest || a+"s" == b || b+"s" == a || suggest.Distance(a, b) != 1 {
		return false
	}
	return letters(a) != letters(b)
}

// letters returns a name without its digits.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, s)
}

// otherDomain reports whether two hosts with at least three labels differ only
// in the last one, such as .org and .com.
func otherDomain(a, b string) bool {
	i, j := strings.LastIndexByte(a, '.'), strings.LastIndexByte(b, '.')
	return i > 0 && j > 0 && a[:i] == b[:j] && a != b && strings.Count(a, ".") >= 2
}
