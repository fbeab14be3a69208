package mapgen

import (
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// source returns the reference of an image in the form of the set.
func (g *generator) source(tag release.ImageTag) string {
	switch g.form {
	case release.FormQuay:
		return release.QCIRepository + ":" + tag.Joined()
	case release.FormProxy:
		return release.QCIProxyRepository + ":" + tag.Joined()
	}
	return g.config.SourceRegistry + "/" + tag.String()
}

// sourceForm returns the form of sources: the one in the configuration, else that
// of most lines in the existing files, else that of its registry.
func (g *generator) sourceForm() release.SourceForm {
	if g.config.SourceForm != "" {
		return g.config.SourceForm
	}
	count := map[release.SourceForm]int{}
	for _, s := range g.config.Streams {
		m := g.existing(g.base(s.Name))
		if m == nil {
			continue
		}
		for e := range m.Entries() {
			if form, ok := g.formOf(e.Source.Text); ok {
				count[form]++
			}
		}
	}
	host := strings.SplitN(g.config.SourceRegistry, "/", 2)[0]
	best := release.FormRegistry
	switch {
	case strings.HasPrefix(release.QCIRepository, host+"/"):
		best = release.FormQuay
	case strings.HasPrefix(release.QCIProxyRepository, host+"/"):
		best = release.FormProxy
	}
	for _, form := range release.SourceForms() {
		if count[form] > count[best] {
			best = form
		}
	}
	return best
}

// formOf returns the form of a source that belongs to the namespace.
func (g *generator) formOf(source string) (release.SourceForm, bool) {
	namespace := g.config.SourceNamespace
	for form, prefix := range map[release.SourceForm]string{
		release.FormRegistry: g.config.SourceRegistry + "/" + namespace + "/",
		release.FormProxy:    release.QCIProxyRepository + ":" + namespace + "_",
		release.FormQuay:     release.QCIRepository + ":" + namespace + "_",
	} {
		if strings.HasPrefix(source, prefix) {
			return form, true
		}
	}
	return "", false
}

// stale finds mapping files of the set that look generated but no longer are. A
// file with any other line is hand-written.
func (g *generator) stale() {
	made := map[string]bool{}
	for _, f := range g.out.Files {
		made[f.Path] = true
	}
	for _, m := range g.set.Files {
		if !made[m.Path] && len(m.Problems) == 0 && g.generatedForm(m) {
			g.out.Stale = append(g.out.Stale, m)
		}
	}
}

func (g *generator) generatedForm(m *release.MappingFile) bool {
	for _, l := range m.Lines {
		if len(l.Entries) != 1 {
			return false
		}
		e := l.Entries[0]
		tag, ok := g.tree.CITag(e.Source)
		if _, known := g.formOf(e.Source.Text); !ok || !known || tag.Namespace != g.config.SourceNamespace || g.base(tag.Name) != m.Base {
			return false
		}
		for _, d := range e.Destinations {
			if d.Tag == "" || d.Exact() != g.repository(tag.Tag)+":"+d.Tag {
				return false
			}
		}
	}
	return len(m.Lines) > 0
}
