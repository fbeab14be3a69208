package chaos

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// guard has what a run must not do to tags that hold another image.
type guard struct {
	w      *world
	before map[string]digest.Digest // of the destinations that hold another image
	kept   func(destination string) bool
	backup bool
}

// hides are faults that hide an existing tag. A client cannot detect them if
// they repeat, so they are left out if tags are protected.
var hides = []string{"status 404", "manifest is said to be unknown"}

// guard makes some runs protect tags or keep backups.
func (w *world) guard(seed uint64, opts *mirror.Options) *guard {
	w.t.Helper()
	w.whole = map[string]bool{}
	g := &guard{w: w, before: map[string]digest.Digest{}, kept: func(string) bool { return false }}
	for to, want := range w.want {
		if held, err := w.holds(to); err != nil {
			w.t.Fatal(err)
		} else if held != "" && held != want {
			g.before[to] = held
		}
	}
	var err error
	all := func(string) bool { return true }
	switch rand.New(rand.NewPCG(seed, 2)).IntN(8) {
	case 0:
		opts.Overwrite, g.kept = mirror.OverwriteNever, all
	case 1:
		opts.Overwrite, g.kept = mirror.OverwriteOurs, all // none of them is ours
	case 2:
		opts.Immutable = make([]mapping.Glob, 1)
		opts.Immutable[0], err = mapping.ParseGlob("*:v*-0")
		g.kept = func(to string) bool { return strings.HasSuffix(to, "-0") }
	case 3:
		opts.Backup, err = mapping.ParseBackup("{{.Tag}}-previous")
		g.backup = true
	default:
		return g
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range w.sites {
		s.injector.Kinds = slices.DeleteFunc(slices.Clone(s.injector.Kinds), func(k *Kind) bool { return slices.Contains(hides, k.Name) })
	}
	return g
}

// holds returns the digest of the whole image that a destination holds.
func (w *world) holds(destination string) (digest.Digest, error) {
	host, rest, _ := strings.Cut(destination, "/")
	repo, tag, _ := strings.Cut(rest, ":")
	return w.complete(w.sites[host], repo, tag)
}

// check reports protected tags that were moved, and tags that were moved
// without a backup.
func (g *guard) check(report *mirror.Report) {
	g.w.t.Helper()
	for _, e := range report.Entries {
		before, ok := g.before[e.Destination]
		if !ok {
			continue
		}
		now, err := g.w.holds(e.Destination)
		switch {
		case err != nil:
			g.w.t.Error(err)
		case now == before:
		case g.kept(e.Destination):
			g.w.t.Errorf("%s had to stay, is reported as %s and was moved", e.Destination, e.Outcome)
		case g.backup:
			if kept, err := g.w.holds(e.Destination + "-previous"); err != nil || kept != before {
				g.w.t.Errorf("%s is reported as %s and was moved; its backup is %q, not %s: %v", e.Destination, e.Outcome, kept, before, err)
			}
		}
	}
}
