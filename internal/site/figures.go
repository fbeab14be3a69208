package site

import (
	"github.com/mirror-tools/mirror-tools/internal/page"
	"github.com/mirror-tools/mirror-tools/internal/report"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func (s *site) figures() []page.Figure {
	mappings, conflicts := 0, 0
	destinations, streams := map[string]bool{}, map[string]bool{}
	for _, one := range s.Sets {
		mappings += len(one.Entries)
		conflicts += one.Conflicts
		for _, e := range one.Entries {
			if tag, ok := s.tree.CITag(e.Source); ok {
				streams[tag.Stream.String()] = true
			}
			for _, t := range e.Targets {
				destinations[t.Name] = true
			}
		}
	}
	errors, warnings := figure("Errors", s.result.Count(source.Error), page.Bad), figure("Warnings", s.result.Count(source.Warning), page.Warn)
	causes := report.CausesBySet(s.result.Findings, s.setAt)
	errors.Note, warnings.Note = text.Plural(causes[source.Error], "cause"), text.Plural(causes[source.Warning], "cause")
	return []page.Figure{
		linked("findings.html?severity=error", errors),
		linked("findings.html?severity=warning", warnings),
		linked("images.html?state=in+conflict", figure("Mappings in conflict", conflicts, page.Bad)),
		figure("Sets", len(s.Sets), page.Plain),
		figure("Streams mirrored", len(streams), page.Plain),
		linked("images.html", figure("Mappings", mappings, page.Plain)),
		figure("Destinations", len(destinations), page.Plain),
	}
}

// linked adds a link to a figure that is not 0.
func linked(href string, f page.Figure) page.Figure {
	if f.Value != "0" {
		f.Href = href
	}
	return f
}

func (s *set) figures() []page.Figure {
	targets := 0
	for _, e := range s.Entries {
		targets += len(e.Targets)
	}
	return []page.Figure{
		linked("#found", figure("Errors", s.Count[source.Error], page.Bad)),
		linked("#found", figure("Warnings", s.Count[source.Warning], page.Warn)),
		figure("Mapping files", len(s.Files), page.Plain),
		figure("Mappings", len(s.Entries), page.Plain),
		figure("Destinations", targets, page.Plain),
	}
}

// figure returns a number; it has its colour only if it is not 0.
func figure(label string, n int, tone page.Tone) page.Figure {
	if n == 0 {
		tone = page.Plain
	}
	return page.Figure{Label: label, Value: text.Thousands(n), Tone: tone}
}

// tag is a coloured label.
type tag struct {
	Tone page.Tone
	Text string
}

// Tags returns the numbers of a set's findings.
func (s *set) Tags() []tag {
	var out []tag
	for i, tone := range []page.Tone{page.Bad, page.Warn, page.Info} {
		if n := s.Count[i]; n > 0 {
			out = append(out, tag{tone, text.Plural(n, source.Severity(i).String())})
		}
	}
	return out
}

// Rank orders sets by their findings, errors first.
func (s *set) Rank() int { return s.Count[0]*1_000_000 + s.Count[1]*1_000 + s.Count[2] }

// found prepares a set's findings for its page.
func (p renderer) found(one *set) []report.HTMLCause {
	list := report.HTMLCauses(one.Findings, report.HTMLOptions{Source: p.site.tree.Text, Link: p.opts.Link})
	for i := range list {
		list[i].RulesAt = "../findings.html"
	}
	return list
}
