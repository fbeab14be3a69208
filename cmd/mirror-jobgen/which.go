package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

func whichCommand(env cli.Env) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "which IMAGE [DIR]",
		Short: "Show where an image comes from and where it goes",
		Long: `Show which line, set and job mirror an image, when, and with which secret. Also
show who approves changes, what publishes the source, and which sets read the
destination.

IMAGE is a source or a destination with or without its tag, an image stream as
NAMESPACE/NAME[:TAG], or a part of a name. If nothing matches, the command
suggests similar names and exits 1.`,
		Example: `  mirror-jobgen which quay.io/openshift/origin-cli:latest ~/release
  mirror-jobgen which origin/4.20:cli
  mirror-jobgen which --format json frontend`,
		Args: cli.Args,
		RunE: func(_ *cobra.Command, args []string) error { return which(env, args[0], folder(args, 1), format) },
	}
	cli.WordVar(cmd.Flags(), &format, "format", "text", "`FORMAT` of standard output: text or json", "text", "json")
	return cmd
}

func which(env cli.Env, image, dir, format string) error {
	if strings.TrimSpace(image) == "" {
		return cli.Usagef("the image has no name")
	}
	tree, err := load(dir)
	if err != nil {
		return err
	}
	x := routes.New(tree)
	found := x.Find(image)
	answer := newAnswer(x, image, found)
	if format == "json" {
		err = text.JSON(env.Stdout, answer)
	} else {
		err = answer.text(env.Stdout)
	}
	if err != nil {
		return cli.Failf("writing the result: %w", err)
	}
	if len(answer.Routes) > 0 || answer.Origin != nil {
		if found.How == routes.ByPart && strings.Contains(image, ":") && format == "text" {
			text.Fprintf(env.Stderr, "note: no image is named %s; these names contain it\n", text.Line(image))
		}
		return nil
	}
	if format == "json" {
		return cli.Exit(cli.ExitFindings)
	}
	e := &cli.Error{Code: cli.ExitFindings, Err: fmt.Errorf("no mapping contains %s", text.Line(image))}
	if len(found.Near) > 0 {
		e.Hint = "did you mean " + text.Line(strings.Join(found.Near, ", ")) + "?"
	}
	return e
}

// answer is the document of mirror-jobgen which --format json.
type answer struct {
	Version int          `json:"version"` // 1
	Image   string       `json:"image"`
	By      routes.How   `json:"by,omitempty"`
	Routes  []whichRoute `json:"routes"`
	Origin  *whichOrigin `json:"origin,omitempty"` // of an image in no mapping
	Near    []string     `json:"didYouMean,omitempty"`
}

type whichRoute struct {
	Source      string `json:"source"`
	Destination string `json:"destination"`
	Set         string `json:"set"`
	effects.Place
	Jobs      []whichJob    `json:"jobs"`
	Service   string        `json:"service,omitempty"` // mirrors the line instead of a job
	JobsKnown bool          `json:"jobsKnown"`
	Approvers []string      `json:"approvers,omitempty"`
	Reviewers []string      `json:"reviewers,omitempty"`
	Origin    whichOrigin   `json:"origin"`
	Onward    []whichOnward `json:"onward,omitempty"`
}

type whichJob struct {
	Name     string   `json:"job"`
	Schedule string   `json:"schedule"`
	Cluster  string   `json:"cluster,omitempty"`
	Secrets  []string `json:"secrets,omitempty"` // NAME or NAME/KEY
	DryRun   bool     `json:"dryRun,omitempty"`  // it reads the line and copies nothing
}

type whichOrigin struct {
	Kind routes.Kind `json:"kind"`
	Text string      `json:"text"`
	File string      `json:"file,omitempty"`
	Line int         `json:"line,omitempty"`
	Tags []string    `json:"tags,omitempty"`
}

// whichOnward is a line that reads a destination as its source.
type whichOnward struct {
	Set         string `json:"set"`
	Destination string `json:"destination"`
	effects.Place
}

func newAnswer(x *routes.Index, image string, found routes.Found) *answer {
	a := &answer{Version: 1, Image: image, By: found.How, Routes: []whichRoute{}, Near: found.Near}
	if found.Origin.Kind != "" {
		o := newOrigin(found.Origin)
		a.Origin = &o
	}
	for _, r := range found.Routes {
		one := whichRoute{
			Source: r.Source.Exact(), Destination: r.Destination.Exact(), Set: r.Set.Name, JobsKnown: r.Sure,
			Place: effects.Place{File: r.Pos().File, Line: r.Pos().Line}, Jobs: []whichJob{}, Origin: newOrigin(x.Origin(r.Source)),
		}
		if r.ByService() {
			one.Service = routes.CIImages
		}
		for _, j := range r.Jobs {
			one.Jobs = append(one.Jobs, newWhichJob(j))
		}
		for _, j := range r.Dry {
			idle := newWhichJob(j)
			idle.DryRun = true
			one.Jobs = append(one.Jobs, idle)
		}
		if o := r.Set.Owners; o != nil {
			one.Approvers, one.Reviewers = people(x.Tree, o.Approvers), people(x.Tree, o.Reviewers)
		}
		for _, o := range x.Readers(r.Destination) {
			one.Onward = append(one.Onward, whichOnward{o.Set.Name, o.Destination.Exact(), effects.Place{File: o.Pos().File, Line: o.Pos().Line}})
		}
		a.Routes = append(a.Routes, one)
	}
	return a
}

func newOrigin(o routes.Origin) whichOrigin {
	return whichOrigin{Kind: o.Kind, Text: o.Text, File: o.Pos.File, Line: o.Pos.Line, Tags: o.Tags}
}

func newWhichJob(j *release.Job) whichJob {
	out := whichJob{Name: j.Name, Schedule: j.Schedule, Cluster: j.Cluster}
	seen := map[string]bool{}
	for _, m := range j.Secrets {
		name := m.Secret
		if m.Key != "" {
			name += "/" + m.Key
		}
		if !seen[name] {
			seen[name] = true
			out.Secrets = append(out.Secrets, name)
		}
	}
	return out
}

// people returns the names of owners, an alias with its members.
func people(t *release.Tree, list []release.Owner) []string {
	var out []string
	for _, o := range list {
		name := o.Name
		if t.Aliases != nil {
			if members := t.Aliases.Members[o.Name]; len(members) > 0 {
				name += " (" + strings.Join(members, ", ") + ")"
			}
		}
		out = append(out, name)
	}
	return out
}

// fewRoutes is the number of routes up to which each is shown in full.
const fewRoutes = 10

func (a *answer) text(w io.Writer) error {
	b := bufio.NewWriter(w)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(b, "  %-9s %s\n", name, text.Line(fmt.Sprintf(format, args...)))
	}
	if a.Origin != nil {
		fmt.Fprintf(b, "%s\n", text.Line(a.Image))
		row("from", "%s%s", a.Origin.Text, at(a.Origin.File, a.Origin.Line))
		row("to", "no mapping contains it")
	}
	for i, r := range a.Routes {
		if len(a.Routes) > fewRoutes {
			fmt.Fprintf(b, "%s from %s%s\n", text.Line(r.Destination), text.Line(r.Source), at(r.File, r.Line))
			continue
		}
		if i > 0 {
			fmt.Fprintln(b)
		}
		fmt.Fprintf(b, "%s\n", text.Line(r.Destination))
		r.rows(row)
	}
	if len(a.Routes) > fewRoutes {
		fmt.Fprintf(b, "%d lines; give the full name of one image to see its jobs, secrets and owners\n", len(a.Routes))
	}
	return b.Flush()
}

func (r *whichRoute) rows(row func(name, format string, args ...any)) {
	row("from", "%s", r.Source)
	row("", "%s%s", r.Origin.Text, at(r.Origin.File, r.Origin.Line))
	row("line", "%s:%d", r.File, r.Line)
	row("set", "%s", r.Set)
	switch {
	case r.Service != "":
		row("by", "%s", r.Service)
	case len(r.Jobs) == 0 && r.JobsKnown:
		row("job", "none: no job mirrors it")
	case len(r.Jobs) == 0:
		row("job", "not known")
	}
	for _, j := range r.Jobs {
		where := ""
		if j.Cluster != "" {
			where = ", on " + j.Cluster
		}
		if j.DryRun {
			where += "; a dry run, copies nothing"
		}
		row("job", "%s, %s%s", j.Name, effects.Schedule(j.Schedule), where)
		for _, s := range j.Secrets {
			row("secret", "%s", s)
		}
	}
	if len(r.Approvers) > 0 {
		row("approvers", "%s", strings.Join(r.Approvers, ", "))
	}
	if len(r.Reviewers) > 0 {
		row("reviewers", "%s", strings.Join(r.Reviewers, ", "))
	}
	for _, o := range r.Onward {
		row("onward", "%s, by the set %s%s", o.Destination, o.Set, at(o.File, o.Line))
	}
}

func at(file string, line int) string {
	switch {
	case file == "":
		return ""
	case line == 0:
		return "  " + text.Line(file)
	}
	return fmt.Sprintf("  %s:%d", text.Line(file), line)
}
