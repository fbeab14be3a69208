// Package effects compares two states of a release repository and says what the
// second one mirrors differently: which destinations are new, gone or take
// another image, which jobs change and how, what they may push and read, and what
// becomes true or untrue elsewhere.
//
// The package promises:
//
//   - it reads nothing but the two trees and never changes them;
//   - every destination whose sources differ is told, once, and no other one;
//   - what cannot be read is told as unknown, never as a change;
//   - the order is that of sets, files and lines.
package effects

import (
	"sync"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// Options say what is known about the two trees beyond their contents.
type Options struct {
	// ConfigsKnown reports whether Configs are all files below the folders of
	// ci-operator's configs and the release controller's settings that are not
	// the same in both trees. Then the others are read once, and only where
	// something asks for them.
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
	// Access is what a set's jobs may do, or try to do, for the first time or no
	// longer.
	Access []Access `json:"access"`
	// ConfigMap is nil when neither its size nor its keys change.
	ConfigMap *ConfigMap `json:"configMap,omitempty"`
	// Elsewhere is what the change makes true or untrue in other places.
	Elsewhere []Consequence `json:"elsewhere"`
	// Broken are mapping files that are refused as a whole in one of the trees
	// alone. What was in a file that is refused now is told here and nowhere else.
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
	Destinations int    `json:"destinations"` // that it holds beside what is wrong
	// Mended reports that it was refused in the first tree and no longer is.
	Mended bool `json:"mended,omitempty"`
}

// Unknown is something that could not be compared, and why.
type Unknown struct {
	Place
	What string `json:"what"`
	Why  string `json:"why"`
}

// SameImages reports whether every destination gets the same image by the same
// jobs as before, as far as that is known.
func (e *Effect) SameImages() bool { return len(e.Destinations) == 0 && len(e.Broken) == 0 }

// Empty reports whether the second tree does nothing differently. That the
// ConfigMap has another size, because comments change, makes no difference.
func (e *Effect) Empty() bool {
	return e.SameImages() && len(e.Jobs) == 0 && len(e.Access) == 0 && !e.ConfigMap.Keys() && len(e.Elsewhere) == 0
}

// Count gives the number of destinations with a change.
func (e *Effect) Count(c Change) int {
	n := 0
	for _, d := range e.Destinations {
		if d.Change == c {
			n++
		}
	}
	return n
}

// Compare gives what after does differently than before.
func Compare(before, after *release.Tree, o Options) *Effect {
	c := &comparison{before: side{routes.New(before), before.Promotions}, after: side{routes.New(after), after.Promotions}, options: o}
	switch {
	case o.ConfigsKnown && len(o.Configs) == 0:
		c.before.promotions = after.Promotions
	case o.ConfigsKnown && before.Layout.Config == after.Layout.Config:
		c.before.promotions = sync.OnceValue(func() *release.Promotions { return before.PromotionsLike(after.Promotions(), o.Configs) })
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

// comparison is the work of Compare.
type comparison struct {
	before, after side
	options       Options
	hidden        []string // files and folders that one of the trees cannot show
	effect        *Effect
}
