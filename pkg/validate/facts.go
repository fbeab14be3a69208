package validate

import (
	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// facts are what several rules ask of one tree.
type facts struct {
	tree    *release.Tree
	ignores map[string][]*ignore // by file, those that were asked for
	counts  func(*ignore) bool   // which ignore comments count; nil for all
	usage   *usage               // once it was asked for
	running map[string]bool      // the IDs of the rules that are run
	made    []*mapgen.Result     // what is generated, once it was asked for
}

// noJobs says why nothing is known about the jobs, or "".
func (f *facts) noJobs() string {
	switch jobs := f.tree.Jobs; {
	case jobs == nil:
		return "no " + f.tree.Layout.Jobs + " in the tree"
	case jobs.Root == nil && len(jobs.Text) > 0:
		return jobs.Path + " does not parse"
	}
	return ""
}
