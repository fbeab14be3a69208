package tags

import (
	"context"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Lists lists the tags of repositories, each once in a run.
type Lists struct {
	registries *registry.Lists
	known      flight.Group[registry.Repository, []string]
}

// NewLists returns lists that are read from registries.
func NewLists(registries *registry.Lists) *Lists {
	l := &Lists{registries: registries}
	l.known.Forget = registry.Unavailable // a retry may succeed
	return l
}

// Of returns all tags of a repository, sorted.
func (l *Lists) Of(ctx context.Context, repo registry.Repository) ([]string, error) {
	return l.known.Do(ctx, repo, func() ([]string, error) {
		tags, err := l.registries.Tags(ctx, repo)
		slices.Sort(tags)
		return tags, err
	})
}

// Known returns the tags of a repository that was listed before, or nil.
func (l *Lists) Known(repo registry.Repository) []string { return l.known.Peek(repo) }
