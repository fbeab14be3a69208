package main

import (
	"context"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// checkDigestTags rejects lengths that make no tag, and a filter that copies
// another image than the one whose digest the tag has.
func (o *options) checkDigestTags() error {
	switch {
	case o.digestTags != 0 && (o.digestTags < 7 || o.digestTags > 64):
		return cli.Usagef("--digest-tags %d: use a number from 7 to 64", o.digestTags)
	case o.digestTags != 0 && !o.keepManifestList:
		return cli.Usagef("--digest-tags and --keep-manifest-list=false exclude each other: the tag has the digest of the index")
	}
	return nil
}

// addDigestTags adds a second tag to each destination: the first digits of the
// digest of its source. The source of the new destination is that digest, so that
// the tag is right even if the source's tag moves during the run. A source that
// cannot be read gets none: its own entry reports why. Sources with wildcards get
// none either.
func (o *options) addDigestTags(ctx context.Context, client *registry.Client, files []*mapping.File) {
	type found struct {
		line   *mapping.Line
		entry  mapping.Entry
		source mapping.Reference
		ok     bool
	}
	var all []*found
	for _, f := range files {
		for i := range f.Lines {
			for _, e := range f.Lines[i].Entries {
				if !e.Source.Wildcard() && e.Source.Scheme == "" {
					all = append(all, &found{line: &f.Lines[i], entry: e})
				}
			}
		}
	}
	flight.Each(len(all), client.MaxPerHost(), func(i int) {
		all[i].source, all[i].ok = byDigest(ctx, client, all[i].entry.Source)
	})
	seen := map[string]bool{}
	for _, x := range all {
		if !x.ok {
			continue
		}
		if more := o.digestTagged(x.source, x.entry.Destinations, seen); len(more) > 0 {
			x.line.Entries = append(x.line.Entries, mapping.Entry{Source: x.source, Destinations: more})
		}
	}
}

// byDigest returns a source with its digest instead of its tag.
func byDigest(ctx context.Context, client *registry.Client, source mapping.Reference) (mapping.Reference, bool) {
	if source.Digest == "" {
		d, err := client.Resolve(ctx, registry.Repository{Host: source.Host(), Path: source.Path()}, source.Tag)
		if err != nil {
			return source, false
		}
		source.Digest = d.Digest.String()
	}
	source.Tag = ""
	source.Text = source.Exact()
	return source, digest.Digest(source.Digest).Validate() == nil
}

// digestTagged returns the destinations with the digest tag of a source, each
// once.
func (o *options) digestTagged(source mapping.Reference, destinations []mapping.Reference, seen map[string]bool) []mapping.Reference {
	_, hex, _ := strings.Cut(source.Digest, ":")
	var out []mapping.Reference
	for _, d := range destinations {
		if d.Scheme != "" {
			continue
		}
		d.Tag, d.Digest = hex[:min(o.digestTags, len(hex))], ""
		d.Text = d.Exact()
		if key := d.Canonical() + " " + source.Digest; !seen[key] {
			seen[key] = true
			out = append(out, d)
		}
	}
	return out
}
