package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
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
  once-matched  a wildcard writes tags like it, or did so since then
  never-mapped  unknown origin: it may belong to somebody else
  referrers     a list of referrers, or a signature
  backup        kept by --backup before a tag was moved
  record        the record of a tag that no longer exists
  unknown       it could not be read (exit status 1)

It only reads. Only ours and once-mapped are safe to treat as leftovers. Pass all
mapping files that write to these repositories. With --since, leftovers also searches
repositories that no mapping writes to any more, and leaves out what files
mapping_* in the same folders, or beside them, still write.`,
		Example: `  mirror leftovers -f 'core-services/image-mirroring/team/mapping_*' --since v1.0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.leftovers(cmd.Context(), env, args, since)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.bindSurvey(f)
	f.StringVar(&since, "since", "", "class once-mapped: tags mapped since the git `REV`")
	f.StringVar(&o.backup, "backup", "", "the `TEMPLATE` that mirror run --backup uses")
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
	if s.broken { // otherwise its tags would count as leftovers
		return &cli.Error{Code: cli.ExitUsage, Err: errors.New("a mapping file has errors, so what it writes is not known"), Hint: "correct it first"}
	}
	opts := mirror.LeftoverOptions{Client: s.client, Backup: backup, Parallel: s.client.MaxPerHost()}
	if since != "" {
		if opts.Once, opts.Elsewhere, err = o.history(args, since); err != nil {
			return err
		}
	}
	found := mirror.Leftovers(s.ctx, s.plan, opts)
	if s.ctx.Err() != nil {
		return cli.Failf("%w", context.Cause(s.ctx))
	}
	if o.format == "json" {
		err = text.JSON(env.Stdout, map[string]any{"version": 1, "leftovers": found, "requests": requests(s)})
	} else {
		leftoversText(env, found, requests(s))
	}
	if err == nil && slices.ContainsFunc(found, func(l mirror.Leftover) bool { return l.Class == mirror.LeftoverUnknown }) {
		err = cli.Exit(cli.ExitFindings)
	}
	return err
}

// requests counts the requests to all registries.
func requests(s *survey) int64 {
	n := int64(0)
	for _, h := range s.client.Stats() {
		n += h.Requests
	}
	return n
}

func leftoversText(env cli.Env, found []mirror.Leftover, requests int64) {
	if len(found) == 0 {
		fmt.Fprintln(env.Stdout, "no tag is left over")
		return
	}
	count := map[mirror.LeftoverClass]int{}
	var classes []mirror.LeftoverClass // in the order of their first tag
	for _, l := range found {
		fmt.Fprintln(env.Stdout, text.Line(leftoverLine(l)))
		if count[l.Class]++; count[l.Class] == 1 {
			classes = append(classes, l.Class)
		}
	}
	var parts []string
	for _, c := range classes {
		parts = append(parts, fmt.Sprintf("%d %s", count[c], c))
	}
	fmt.Fprintf(env.Stdout, "leftovers: %s, %s\n", strings.Join(parts, ", "), text.Plural(int(requests), "request"))
}

// leftoverLine describes a leftover in one line.
func leftoverLine(l mirror.Leftover) string {
	what := l.Repository
	if l.Tag != "" {
		what += ":" + l.Tag
	}
	if l.Error != "" {
		return fmt.Sprintf("%-12s %s: %s", l.Class, what, l.Error)
	}
	about := []string{l.Digest}
	if l.Created != nil {
		about = append(about, "created "+l.Created.Format(time.DateOnly))
	}
	if len(l.Published) > 0 {
		about = append(about, "still published as "+strings.Join(l.Published, ", "))
	}
	if others := slices.DeleteFunc(slices.Clone(l.Also), func(tag string) bool { return slices.Contains(l.Published, tag) }); len(others) > 0 {
		about = append(about, "also "+strings.Join(others, ", "))
	}
	return fmt.Sprintf("%-12s %s (%s)", l.Class, what, strings.Join(about, "; "))
}
