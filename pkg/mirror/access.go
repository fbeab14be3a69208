package mirror

import (
	"context"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Access is what a registry lets us do with a repository.
type Access struct {
	Host    string `json:"host"`
	Path    string `json:"path"`
	Push    bool   `json:"push"`    // else pull
	Entries int    `json:"entries"` // of the plan that need it
	Granted bool   `json:"granted"`
	// Known reports whether the answer is known. Reason says why it is not, or
	// why access is not granted.
	Known  bool   `json:"known"`
	Reason string `json:"reason,omitempty"`
}

// CheckAccess checks, for each repository of a plan, whether its sources can be
// pulled and its destinations pushed, in the order in which the plan names
// them. It reads one tag of each source, and opens and cancels an upload at
// each destination; it writes nothing. parallel is the number of repositories
// that are checked at the same time.
func CheckAccess(ctx context.Context, plan *Plan, client *registry.Client, parallel int) []Access {
	var out []Access
	var tasks []func(*Access)
	at := map[registry.Repository]int{}
	need := func(ref mapping.Reference, push bool, ask func(registry.Repository) error) {
		repo := registry.Repository{Host: ref.Host(), Path: ref.Path(), Push: push}
		i, ok := at[repo]
		if !ok {
			i = len(out)
			at[repo] = i
			out = append(out, Access{Host: repo.Host, Path: repo.Path, Push: push})
			tasks = append(tasks, func(a *Access) { a.judge(ask(repo)) })
		}
		out[i].Entries++
	}
	for _, g := range plan.Groups {
		source := g.Source
		need(source, false, func(repo registry.Repository) error { return tryPull(ctx, client, repo, source) })
		for _, t := range g.Targets {
			need(t.Destination, true, func(repo registry.Repository) error { return client.TryPush(ctx, repo) })
		}
	}
	flight.Each(len(tasks), parallel, func(i int) { tasks[i](&out[i]) })
	return out
}

func tryPull(ctx context.Context, client *registry.Client, repo registry.Repository, ref mapping.Reference) error {
	if ref.Wildcard() {
		_, err := client.Tags(ctx, repo)
		return err
	}
	name := ref.Digest
	if name == "" {
		name = ref.Tag
	}
	_, err := client.Resolve(ctx, repo, name)
	return err
}

// judge records what an answer means for a repository.
func (a *Access) judge(err error) {
	a.Known = true
	switch {
	case err == nil:
		a.Granted = true
		return
	case registry.NotFound(err) && !a.Push:
		a.Granted = true // the tag does not exist, and the registry may say so
	case registry.Denied(err), definite(err):
	default:
		a.Known = false
	}
	a.Reason = printable(err.Error())
}
