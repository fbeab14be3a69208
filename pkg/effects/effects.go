// Package effects compares two states of a release repository and reports what
// the second one mirrors differently: destinations that are added, removed or
// get another image, jobs that change, organisations that they push to and pull
// from, and effects on other lines and images.
//
// The package promises:
//
//   - it reads only the two trees and never changes them;
//   - it reports every destination whose sources differ, once, and no other;
//   - it reports what it cannot read as unknown, never as a change;
//   - results are in the order of sets, files and lines.
package effects

import (
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// Options describe what is known about the two trees beyond their contents.
type Options struct {
	// ConfigsKnown reports whether Configs lists all files that differ between
	// the trees, below the folders of ci-operator's configs and the release
	// controller's settings. The other files are then read once, on demand.
	ConfigsKnown bool
	Configs      []string
}

// Effect is what the second tree does differently. The JSON form is the contract
// of mirror-jobgen diff --format json.
type Effect struct {
	// Destinations are by set, file and line.
	Destinations []Destination `json:"destinations"`
	// Jobs are in the order of the jobs files.
	Jobs []Job `json:"jobs"`
	// Access lists permissions that a set gains or loses.
	Access []Access `json:"access"`
	// ConfigMap is nil when neither its size nor its keys change.
	ConfigMap *ConfigMap `json:"configMap,omitempty"`
	// Elsewhere lists effects on other lines and images.
	Elsewhere []Consequence `json:"elsewhere"`
	// Broken are mapping files that are refused as a whole in only one of the
	// trees. The contents of a newly refused file are reported only here.
	Broken []Broken `json:"broken"`
	// Unknown is what could not be compared.
	Unknown []Unknown `json:"unknown"`
}

// Place is a line of a file, relative to the root of the tree; Line counts from
// 1 and is 0 for the whole file.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"`
}

// Broken is a mapping file that oc image mirror and mirror refuse as a whole.
type Broken struct {
	Place
	Set          string `json:"set"`
	Message      string `json:"message"`
	Destinations int    `json:"destinations"` // in its valid lines
	// Mended reports whether the file was refused in the first tree only.
	Mended bool `json:"mended,omitempty"`
}

// Unknown is something that could not be compared, and why.
type Unknown struct {
	Place
	What string `json:"what"`
	Why  string `json:"why"`
}

// SameImages reports whether every destination gets the same image from the same
// jobs as before, as far as is known.
func (e *Effect) SameImages() bool { return len(e.Destinations) == 0 && len(e.Broken) == 0 }

// Empty reports whether the second tree does nothing differently. A ConfigMap
// that only changes its size, for example because of comments, does not count.
func (e *Effect) Empty() bool {
	return e.SameImages() && len(e.Jobs) == 0 && len(e.Access) == 0 && !e.ConfigMap.Keys() && len(e.Elsewhere) == 0
}

// Count returns the number of destinations with a change.
func (e *Effect) Count(c Change) int {
	n := 0
	for _, d := range e.Destinations {
		if d.Change == c {
			n++
		}
	}
	return n
}

// Compare returns what after does differently from before.
func Compare(before, after *release.Tree, o Options) *Effect {
	c := &comparison{trees: trees{side{routes.New(before), before.Promotions}, side{routes.New(after), after.Promotions}}, options: o}
	if o.ConfigsKnown && release.SamePromotions(after, before, o.Configs) {
		c.options.Configs = nil // all the others need not be read for these
	}
	switch {
	case o.ConfigsKnown && len(c.options.Configs) == 0:
		c.before.promotions = after.Promotions
	case o.ConfigsKnown && before.Layout.Config == after.Layout.Config:
		c.before.promotions = sync.OnceValue(func() *release.Promotions { return release.PromotionsLike(before, after.Promotions(), o.Configs) })
	}
	c.hidden = append(hidden(before), hidden(after)...)
	c.effect = &Effect{Destinations: []Destination{}, Jobs: []Job{}, Access: []Access{}, Elsewhere: []Consequence{}, Broken: []Broken{}, Unknown: []Unknown{}}
	c.broken()
	c.destinations()
	c.jobs()
	c.access()
	c.configMap()
	c.elsewhere()
	c.unknown()
	return c.effect
}

// side is one of the two trees.
type side struct {
	*routes.Index
	promotions func() *release.Promotions
}

// trees are the two sides of a comparison.
type trees struct{ before, after side }

// comparison is the work of Compare.
type comparison struct {
	trees
	options Options
	hidden  []string // files and folders that cannot be read in one of the trees
	effect  *Effect
}
