package main

import (
	"context"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// digestTags is the flag for tags that are made of digests.
type digestTags struct{ digits int } // 0: no such tags

func (d *digestTags) bind(f *pflag.FlagSet) {
	f.IntVar(&d.digits, "digest-tags", 0, "also push the first `N` digits of each digest as a tag")
}

// check rejects lengths that make no tag, and a filter that copies another image
// than the one whose digest the tag has.
func (d *digestTags) check(keepManifestList bool) error {
	switch {
	case d.digits != 0 && (d.digits < 7 || d.digits > 64):
		return cli.Usagef("--digest-tags %d: use a number from 7 to 64", d.digits)
	case d.digits != 0 && !keepManifestList:
		return cli.Usagef("--digest-tags and --keep-manifest-list=false exclude each other: the tag has the digest of the index")
	}
	return nil
}

// add adds a second tag to each destination: the first digits of the
// digest of its source. The source of the new destination is that digest, so that
// the tag is right even if the source's tag moves during the run. A source that
// cannot be read gets none: its own entry reports why. Sources with wildcards get
// none either.
func (d *digestTags) add(ctx context.Context, client *registry.Client, files []*mapping.File) {
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
		if more := d.tagged(x.source, x.entry.Destinations, seen); len(more) > 0 {
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

// tagged returns the destinations with the digest tag of a source, each
// once.
func (d *digestTags) tagged(source mapping.Reference, destinations []mapping.Reference, seen map[string]bool) []mapping.Reference {
	_, hex, _ := strings.Cut(source.Digest, ":")
	var out []mapping.Reference
	for _, to := range destinations {
		if to.Scheme != "" {
			continue
		}
		to.Tag, to.Digest = hex[:min(d.digits, len(hex))], ""
		to.Text = to.Exact()
		if key := to.Canonical() + " " + source.Digest; !seen[key] {
			seen[key] = true
			out = append(out, to)
		}
	}
	return out
}
