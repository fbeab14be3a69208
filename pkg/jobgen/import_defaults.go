package jobgen

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// votedOn are the settings that become defaults in _mirror.yaml if most jobs agree
// on them and the template differs.
var votedOn = [...]string{
	"Cron", "Interval", "Timeout", "GracePeriod", "SecretKey", "PullSecret", "RegistryLogin", "ServiceAccountToken",
	"KeepManifestList", "ContinueOnError", "Trace", "SkipEmpty", "Attempts", "MaxPerRegistry",
}

// voting finds what most jobs of a tree share.
type voting struct {
	tree *release.Tree
	b    *builder
	jobs []*importing
	said *said
}

func (im *importer) voting() *voting { return &voting{im.tree, &im.b, im.jobs, &im.said} }

// defaults moves what most jobs share to _mirror.yaml. The runner, its image and
// the cluster are written even if they equal the template's, so that one line
// changes them for all jobs.
func (v *voting) defaults() {
	repo := v.b.repo
	v.mirrorImage()
	v.entrypoint()
	v.pullCredentials()
	template := v.b.extract(v.b.template.value)
	d := reflect.ValueOf(&repo.Defaults).Elem()
	set := func(field string, jobs []*importing, unless reflect.Value) {
		if value, ok := majority(jobs, field); ok && (!unless.IsValid() || !reflect.DeepEqual(value.Interface(), unless.Interface())) {
			d.FieldByName(field).Set(value)
		}
	}
	set("Runner", v.jobs, reflect.Value{})
	set("Cluster", v.jobs, reflect.Value{})
	set("Image", v.running(release.RunnerOC), reflect.Value{})
	for _, field := range votedOn {
		set(field, v.jobs, reflect.ValueOf(template).FieldByName(field))
	}
	env := maps.Clone(template.Env)
	if repo.Defaults.Runner == release.RunnerEntrypoint {
		maps.Copy(env, repo.Entrypoint.Env)
	}
	repo.Defaults.Env = shared(v.jobs, env, func(s *release.JobSettings) release.Values { return s.Env })
	repo.Defaults.Labels = shared(v.jobs, template.Labels, func(s *release.JobSettings) release.Values { return s.Labels })
}

// running returns the jobs with the given runner.
func (v *voting) running(runner release.Runner) []*importing {
	var out []*importing
	for _, x := range v.jobs {
		if x.full.Runner == runner {
			out = append(out, x)
		}
	}
	return out
}

// entrypoint finds the common settings of the jobs with an entry point.
func (v *voting) entrypoint() {
	jobs, e := v.running(release.RunnerEntrypoint), &v.b.repo.Entrypoint
	if len(jobs) == 0 || slices.Contains(v.tree.Settings.Keys(), "entrypoint") {
		return
	}
	if image, ok := majority(jobs, "Image"); ok {
		e.Image = image.String()
	}
	if command, ok := majority(jobs, "Command"); ok {
		e.Command = command.Interface().([]string)
	}
	if args, ok := majority(jobs, "Args"); ok && args.Len() > 0 {
		e.Args = args.Interface().(release.Args)
	}
	base, usual := v.b.extract(v.b.template.value).Env, e.Env
	e.Env = shared(jobs, base, func(s *release.JobSettings) release.Values { return s.Env })
	for name := range usual {
		if _, ok := e.Env[name]; !ok { // else the usual value would come back
			if e.Env == nil {
				e.Env = release.Values{}
			}
			e.Env[name] = nil
		}
	}
	v.said.Entrypoint = *e
}

// majority returns the value of a setting that more than half of the jobs share,
// and whether there is one.
func majority(jobs []*importing, field string) (reflect.Value, bool) {
	votes := map[string]int{}
	for _, x := range jobs {
		v := reflect.ValueOf(x.full).FieldByName(field)
		if v.IsZero() {
			continue
		}
		key := fmt.Sprint(reflect.Indirect(v))
		if votes[key]++; votes[key]*2 > len(jobs) {
			return v, true
		}
	}
	return reflect.Value{}, false
}

// shared returns the values that more than half of the jobs share and that differ
// from base.
func shared(jobs []*importing, base release.Values, of func(*release.JobSettings) release.Values) release.Values {
	votes := map[[2]string]int{}
	out := release.Values{}
	for _, x := range jobs {
		for name, value := range of(&x.full) {
			if old, ok := base[name]; ok && old != nil && *old == *value {
				continue
			}
			key := [2]string{name, *value}
			if votes[key]++; votes[key]*2 > len(jobs) {
				out[name] = value
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// envOrder makes the order of variables a default if most jobs need it.
func (v *voting) envOrder() {
	votes := map[string]int{}
	for _, x := range v.jobs {
		less, full := x.subject, x.full
		full.EnvOrder = nil
		less.own, less.all = &full, full.Over(v.b.repo.Defaults)
		if reflect.DeepEqual(v.b.trial(less), v.b.trial(x.subject)) {
			continue
		}
		key := fmt.Sprint(x.full.EnvOrder)
		if votes[key]++; votes[key]*2 > len(v.jobs) {
			v.b.repo.Defaults.EnvOrder = x.full.EnvOrder
			return
		}
	}
}

// sharedPatch returns the parts of patches that more than half of the jobs share.
func sharedPatch(jobs []*importing) object {
	votes := map[string]int{}
	out := object{}
	var walk func(patch object, path []string)
	walk = func(patch object, path []string) {
		for key, value := range patch {
			here := append(slices.Clone(path), key)
			if inner, ok := value.(object); ok && len(inner) > 0 {
				walk(inner, here)
				continue
			}
			vote := fmt.Sprintf("%q %#v", here, value)
			if votes[vote]++; votes[vote]*2 <= len(jobs) {
				continue
			}
			into := out
			for _, k := range path {
				into = child(into, k)
			}
			into[key] = value
		}
	}
	for _, x := range jobs {
		walk(x.full.Patch, nil)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// mirrorImage sets mirror_image to the image of most jobs with the runner mirror,
// unless the settings name one.
func (v *voting) mirrorImage() {
	if slices.Contains(v.tree.Settings.Keys(), "mirror_image") {
		return
	}
	jobs := v.running(release.RunnerMirror)
	if image, ok := majority(jobs, "Image"); ok && image.String() != v.b.repo.MirrorImage {
		v.b.repo.MirrorImage = image.String()
		v.said.MirrorImage = image.String()
	}
	for _, x := range jobs {
		if image := v.b.repo.MirrorImage; x.full.Image == image || !sameRepository(x.full.Image, image) {
			x.full.Image = ""
		}
	}
}
