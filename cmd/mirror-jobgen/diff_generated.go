package main

import (
	"errors"
	"slices"

	"github.com/mirror-tools/mirror-tools/internal/effectreport"
	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// notGenerated returns what mirror-jobgen generate would change in the second
// tree, and would not have changed in the first.
func notGenerated(before, after *release.Tree) []effectreport.Note {
	now := pending(after)
	if len(now) == 0 {
		return nil
	}
	was := map[string]bool{}
	for _, n := range pending(before) {
		was[n.Text.String()] = true
	}
	return slices.DeleteFunc(now, func(n effectreport.Note) bool { return was[n.Text.String()] })
}

// pending returns what mirror-jobgen generate would change in a tree.
func pending(tree *release.Tree) []effectreport.Note {
	out, err := jobgen.Generate(tree, jobgen.Options{})
	var problems jobgen.Problems
	var notes []effectreport.Note
	note := func(at effects.Place, words ...effects.Part) {
		notes = append(notes, effectreport.Note{Place: at, Text: words})
	}
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			note(effects.Place{File: p.Pos.File, Line: p.Pos.Line}, effects.Say("generate refuses this: "), effects.Code(p.Message))
		}
		return notes
	case err != nil:
		note(effects.Place{File: tree.Layout.Jobs}, effects.Say("generate fails: "), effects.Code(err.Error()))
		return notes
	}
	jobs := effects.Place{File: out.Jobs.Path}
	for _, name := range out.Added {
		note(jobs, effects.Say("generate adds the job "), effects.Code(name))
	}
	for _, c := range out.Changed {
		words := effects.Words{effects.Say("generate changes ")}
		for i, what := range c.What {
			if i > 0 {
				words = append(words, effects.Say(", "))
			}
			words = append(words, effects.Code(what))
		}
		note(jobs, append(words, effects.Say(" of "), effects.Code(c.Job))...)
	}
	for _, name := range out.Removed {
		note(jobs, effects.Say("generate removes the job "), effects.Code(name))
	}
	if len(notes) == 0 && out.Jobs.Changed() {
		note(jobs, effects.Say("generate writes the file in another form"))
	}
	for _, f := range out.Files {
		if f.Changed() {
			note(effects.Place{File: f.Path}, effects.Say("generate rewrites "), effects.Code(f.Path))
		}
	}
	return notes
}
