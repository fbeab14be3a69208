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

// defaults moves what most jobs share to _mirror.yaml. The runner, its image and
// the cluster are written even if they equal the template's, so that one line
// changes them for all jobs.
func (im *importer) defaults() {
	repo := im.b.repo
	im.mirrorImage()
	im.entrypoint()
	im.pullCredentials()
	template := im.b.extract(im.b.template.value)
	d := reflect.ValueOf(&repo.Defaults).Elem()
	set := func(field string, jobs []*importing, unless reflect.Value) {
		if v, ok := majority(jobs, field); ok && (!unless.IsValid() || !reflect.DeepEqual(v.Interface(), unless.Interface())) {
			d.FieldByName(field).Set(v)
		}
	}
	set("Runner", im.jobs, reflect.Value{})
	set("Cluster", im.jobs, reflect.Value{})
	set("Image", im.running(release.RunnerOC), reflect.Value{})
	for _, field := range votedOn {
		set(field, im.jobs, reflect.ValueOf(template).FieldByName(field))
	}
	env := maps.Clone(template.Env)
	if repo.Defaults.Runner == release.RunnerEntrypoint {
		maps.Copy(env, repo.Entrypoint.Env)
	}
	repo.Defaults.Env = shared(im.jobs, env, func(s *release.JobSettings) release.Values { return s.Env })
	repo.Defaults.Labels = shared(im.jobs, template.Labels, func(s *release.JobSettings) release.Values { return s.Labels })
}

// running returns the jobs with the given runner.
func (im *importer) running(runner release.Runner) []*importing {
	var out []*importing
	for _, x := range im.jobs {
		if x.full.Runner == runner {
			out = append(out, x)
		}
	}
	return out
}

// entrypoint finds the common settings of the jobs with an entry point.
func (im *importer) entrypoint() {
	jobs, e := im.running(release.RunnerEntrypoint), &im.b.repo.Entrypoint
	if len(jobs) == 0 || slices.Contains(im.tree.Settings.Keys(), "entrypoint") {
		return
	}
	if v, ok := majority(jobs, "Image"); ok {
		e.Image = v.String()
	}
	if v, ok := majority(jobs, "Command"); ok {
		e.Command = v.Interface().([]string)
	}
	if v, ok := majority(jobs, "Args"); ok && v.Len() > 0 {
		e.Args = v.Interface().(release.Args)
	}
	base, usual := im.b.extract(im.b.template.value).Env, e.Env
	e.Env = shared(jobs, base, func(s *release.JobSettings) release.Values { return s.Env })
	for name := range usual {
		if _, ok := e.Env[name]; !ok { // else the usual value would come back
			if e.Env == nil {
				e.Env = release.Values{}
			}
			e.Env[name] = nil
		}
	}
	im.said.Entrypoint = *e
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
func (im *importer) envOrder() {
	votes := map[string]int{}
	for _, x := range im.jobs {
		less, full := x.subject, x.full
		full.EnvOrder = nil
		less.own, less.all = &full, full.Over(im.b.repo.Defaults)
		if reflect.DeepEqual(im.b.trial(less), im.b.trial(x.subject)) {
			continue
		}
		key := fmt.Sprint(x.full.EnvOrder)
		if votes[key]++; votes[key]*2 > len(im.jobs) {
			im.b.repo.Defaults.EnvOrder = x.full.EnvOrder
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
func (im *importer) mirrorImage() {
	if slices.Contains(im.tree.Settings.Keys(), "mirror_image") {
		return
	}
	jobs := im.running(release.RunnerMirror)
	if v, ok := majority(jobs, "Image"); ok && v.String() != im.b.repo.MirrorImage {
		im.b.repo.MirrorImage = v.String()
		im.said.MirrorImage = v.String()
	}
	for _, x := range jobs {
		if image := im.b.repo.MirrorImage; x.full.Image == image || !sameRepository(x.full.Image, image) {
			x.full.Image = ""
		}
	}
}
