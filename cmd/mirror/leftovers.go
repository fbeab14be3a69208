package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/gitfs"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

func leftoversCommand(env cli.Env) *cobra.Command {
	var o options
	var since string
	cmd := &cobra.Command{
		Use:   "leftovers -f FILE...",
		Short: "List tags in the destination repositories that no mapping writes",
		Long: `leftovers lists the tags in the destination repositories that no mapping writes,
each with its class:

  ours          mirror wrote it, by its record (--overwrite changed-by-us)
  once-mapped   a mapping wrote it since the revision of --since
  never-mapped  unknown origin: it may belong to somebody else
  referrers     a list of referrers, or a signature
  backup        kept by --backup before a tag was moved
  record        the record of a tag that no longer exists

It only reads. Only ours and once-mapped are safe to treat as leftovers. Pass all
mapping files that write to these repositories.`,
		Example: `  mirror leftovers -f 'core-services/image-mirroring/team/mapping_*' --since v1.0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.leftovers(cmd.Context(), env, args, since)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.bindInput(f)
	f.StringVar(&o.format, "format", "text", "output format: text or json")
	f.StringVar(&since, "since", "", "class once-mapped: tags mapped since the git `REV`")
	f.StringVar(&o.backup, "backup", "", "the `TEMPLATE` that mirror run --backup uses")
	o.bindClient(f)
	groupFlags(cmd)
	return cmd
}

func (o *options) leftovers(ctx context.Context, env cli.Env, args []string, since string) error {
	backup, err := o.backups()
	if err != nil {
		return err
	}
	s, err := o.survey(ctx, env, args)
	if err != nil {
		return err
	}
	defer s.close()
	opts := mirror.LeftoverOptions{Client: s.client, Backup: backup, Parallel: s.client.MaxPerHost()}
	if since != "" {
		if opts.Once, err = o.onceMapped(since); err != nil {
			return err
		}
	}
	found := mirror.Leftovers(ctx, s.plan, opts)
	if o.format == "json" {
		requests := int64(0)
		for _, h := range s.client.Stats() {
			requests += h.Requests
		}
		if found == nil {
			found = []mirror.Leftover{}
		}
		err = text.JSON(env.Stdout, map[string]any{"version": 1, "leftovers": found, "requests": requests})
	} else {
		for _, l := range found {
			fmt.Fprintln(env.Stdout, text.Line(leftoverLine(l)))
		}
	}
	for _, l := range found {
		if err == nil && (s.broken || l.Class == mirror.LeftoverUnknown) {
			err = cli.Exit(cli.ExitFindings)
		}
	}
	return err
}

// leftoverLine tells a leftover in one line.
func leftoverLine(l mirror.Leftover) string {
	if l.Error != "" {
		return fmt.Sprintf("%-12s %s:%s: %s", l.Class, l.Repository, l.Tag, l.Error)
	}
	about := []string{l.Digest}
	if l.Created != nil {
		about = append(about, "of "+l.Created.Format(time.DateOnly))
	}
	if len(l.Also) > 0 {
		about = append(about, "also "+strings.Join(l.Also, ", "))
	}
	return fmt.Sprintf("%-12s %s:%s (%s)", l.Class, l.Repository, l.Tag, strings.Join(about, "; "))
}

// onceMapped finds the destinations that mappings in the folders of the files
// wrote since a revision.
func (o *options) onceMapped(since string) (func(canonical string) bool, error) {
	names, err := expand(o.files)
	if err != nil {
		return nil, err
	}
	once := map[string]bool{}
	var wild []mapping.Pair
	done := map[string]bool{}
	for _, name := range names {
		dir := filepath.Dir(name)
		if name == "-" || done[dir] {
			continue
		}
		done[dir] = true
		lines, err := gitfs.Removed(dir, since, ".")
		if err != nil {
			return nil, cli.Usagef("--since %s: %w", since, err)
		}
		for p := range mapping.Parse("removed lines", lines).Pairs() {
			if p.Source.Wildcard() {
				wild = append(wild, p)
			}
			once[p.Destination.Canonical()] = true
		}
	}
	return func(canonical string) bool {
		if once[canonical] {
			return true
		}
		i := strings.LastIndexByte(canonical, ':')
		for _, p := range wild {
			if p.Destination.CanonicalRepository() == canonical[:i] && mapping.MatchTag(p.Destination.Tag, canonical[i+1:]) {
				return true
			}
		}
		return false
	}, nil
}
