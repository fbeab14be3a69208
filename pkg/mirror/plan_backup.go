package mirror

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

// check refuses destinations whose backup tag is also a destination. Names that
// depend on a wildcard or a digest are checked in the run.
func (b *planBuilder) check(pairs []mapping.Pair) {
	if b.opts.Backup == nil {
		return
	}
	taken := map[string]mapping.Reference{}
	for _, p := range pairs {
		taken[destinationKey(p)] = p.Destination
	}
	for _, p := range pairs {
		if p.Source.Wildcard() || p.Destination.Tag == "" {
			continue
		}
		name, err := b.opts.Backup.Name(p.Destination.Tag, string(digest.FromString(p.Destination.Canonical())), time.Unix(0, 0))
		if err != nil {
			b.refusef(CauseProtected, p.Destination.Pos, "cannot back up %s: %v", p.Destination.Text, err)
			continue
		}
		at := p
		at.Destination.Tag = name
		if other, ok := taken[destinationKey(at)]; ok {
			b.refusef(CauseProtected, p.Destination.Pos, "the backup of %s would use the tag %s, which %s at %s also writes",
				p.Destination.Text, name, other.Text, other.Pos)
		}
		taken[destinationKey(at)] = p.Destination
	}
}
