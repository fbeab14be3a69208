package validate

import (
	"iter"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// facts are shared by several rules on one tree.
type facts struct {
	tree    *release.Tree
	ignores map[string][]*ignore     // by file, filled on demand
	counts  func(*ignore) bool       // selects the ignore comments that count; nil for all
	usage   *usage                   // computed on first use
	running map[string]bool          // IDs of the rules in this run
	made    []*mapgen.Result         // the generated files, computed on first use
	pushers map[string][]*secretUser // by secret, computed on first use
}

// pairs visits the copies of a file, with the destinations that its jobs push.
func pairs(p *Pass, m *release.MappingFile) iter.Seq[mapping.Pair] {
	return func(yield func(mapping.Pair) bool) {
		jobs := p.tree.Runs().Of(m)
		for pair := range m.Pairs() {
			pair.Destination.Tag = strings.TrimPrefix(pair.Destination.Tag, release.StrippedPrefix(jobs, pair.Source))
			if !yield(pair) {
				return
			}
		}
	}
}

// noJobs returns the reason why the jobs are unknown, or "".
func (f *facts) noJobs() string {
	switch jobs := f.tree.Jobs; {
	case jobs == nil:
		return "no " + f.tree.Layout.Jobs + " in the tree"
	case jobs.Root == nil && len(jobs.Text) > 0:
		return jobs.Path + " does not parse"
	}
	return ""
}
