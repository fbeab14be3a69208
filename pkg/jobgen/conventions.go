package jobgen

import (
	"cmp"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// conventions are the settings that most jobs of a tree share. A new job follows
// them.
type conventions struct {
	b       builder // with the settings of the tree
	shared  *release.Settings
	secrets []string          // secrets of the jobs that belong to sets, in the order of the file
	owners  map[string]string // sets that secrets belong to
}

// conventionsOf reads the mirroring jobs of a tree that belong to sets.
func conventionsOf(tree *release.Tree) (*conventions, error) {
	t, err := templateOf(tree, nil)
	if err != nil {
		return nil, err
	}
	old, err := readJobs(tree)
	if err != nil {
		return nil, err
	}
	repo := *tree.Settings
	c := &conventions{b: newBuilder(t, tree, tree.Settings), shared: &repo}
	im := &importer{tree: tree, old: old, out: &Imported{}, b: c.b}
	im.b.repo = &repo
	im.read()
	im.jobs = slices.DeleteFunc(im.jobs, func(x *importing) bool { return x.set == nil || !x.node.Mirrors })
	im.voting().defaults()
	var jobs []holder
	for _, x := range im.jobs {
		c.secrets = append(c.secrets, x.full.Secret)
		jobs = append(jobs, holder{x.set.Name, x.job})
	}
	c.owners = ownership{c.b.basis}.secretOwners(jobs, nil)
	return c, nil
}

// settings returns the settings of a new job: the given ones, and the conventions
// for the rest.
func (c *conventions) settings(asked release.JobSettings) release.JobSettings {
	d := c.shared.Defaults
	s := release.JobSettings{
		Runner: cmp.Or(asked.Runner, d.Runner), Cluster: cmp.Or(asked.Cluster, d.Cluster),
		Cron: asked.Cron, Secret: asked.Secret, SecretKey: cmp.Or(asked.SecretKey, d.SecretKey),
		PullSecret:    d.PullSecret,
		RegistryLogin: d.RegistryLogin, ServiceAccountToken: d.ServiceAccountToken, Labels: d.Labels, Env: maps.Clone(d.Env),
	}
	if s.Cron == "" {
		s.Cron, s.Interval = d.Cron, d.Interval
	}
	switch s.Runner {
	case release.RunnerMirror:
		s.Image = asked.Image
	case release.RunnerEntrypoint:
		e := c.shared.Entrypoint
		s.Image = cmp.Or(asked.Image, e.Image)
		if e.Image != "" {
			s.Command, s.Args = e.Command, e.Args
		}
		if s.Env == nil {
			s.Env = release.Values{}
		}
		maps.Copy(s.Env, e.Env)
	default:
		s.Image = cmp.Or(asked.Image, d.Image)
	}
	return s
}

// least removes the settings that equal the defaults.
func (c *conventions) least(set *release.Set, full release.JobSettings) (release.JobSettings, error) {
	s := subject{name: set.Name, set: set, own: &full, all: full.Over(c.b.repo.Defaults)}
	trial := c.b
	trial.problems = nil
	trial.job(s, 1)
	if err := trial.problems.orNil(); err != nil {
		return full, err
	}
	env, labels := full.Env, full.Labels
	out := c.b.minimise(s)
	// Try to leave out single variables and labels, too.
	for _, x := range []struct{ all, kept *release.Values }{{&env, &out.Env}, {&labels, &out.Labels}} {
		if *x.kept == nil {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(*x.all)) {
			less := maps.Clone(*x.kept)
			delete(less, name)
			before := *x.kept
			*x.kept = less
			t := s
			t.own, t.all = &out, out.Over(c.b.repo.Defaults)
			if !reflect.DeepEqual(c.b.trial(t), c.b.trial(s)) {
				*x.kept = before
			}
		}
	}
	return out, nil
}

// pushSecret matches the usual name of a secret with push credentials: the host
// with dots or dashes, and the owner.
var pushSecret = regexp.MustCompile(`^registry-push-credentials-quay([.-])io-`)

// newest is the number of newest jobs that determine the current naming of
// secrets.
const newest = 5

// dashed reports whether the newest sets name their secrets with dashes, as the
// self-service vault does.
func (c *conventions) dashed() bool {
	dashes, all := 0, 0
	for _, name := range slices.Backward(c.secrets) {
		m := pushSecret.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		if all++; m[1] == "-" {
			dashes++
		}
		if all == newest {
			break
		}
	}
	return dashes*2 > all
}

// secretName returns the name of a new secret for an organisation, in the style
// of the newest sets.
func (c *conventions) secretName(target string) string {
	_, org, _ := strings.Cut(target, "/")
	return c.secretNamed(target, org)
}

// secretNamed returns the name of a new secret for the host of a target, in the
// style of the newest sets.
func (c *conventions) secretNamed(target, name string) string {
	host, _, _ := strings.Cut(target, "/")
	host = strings.ReplaceAll(host, ":", "-")
	if c.dashed() {
		host = strings.ReplaceAll(host, ".", "-")
	}
	return strings.ToLower("registry-push-credentials-" + host + "-" + strings.ReplaceAll(name, "_", "-"))
}

// selfService reports whether most of the newest sets use secrets that are not in
// ci-secret-bootstrap, because teams create them.
func (c *conventions) selfService() bool {
	own, all := 0, 0
	for _, name := range c.secrets[max(0, len(c.secrets)-newest):] {
		if all++; len(c.b.secrets.Named(name)) == 0 {
			own++
		}
	}
	return c.b.secrets.present() && own*2 > all
}
