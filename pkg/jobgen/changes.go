package jobgen

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// changes lists the changes of a job: settings, and paths in the job without a
// setting.
func (b *builder) changes(old, job object) []string {
	if reflect.DeepEqual(old, job) {
		return nil
	}
	was, is := b.extract(old), b.extract(job)
	if was.Runner != is.Runner { // ignore the variables that an entry point requires
		for _, env := range []release.Values{was.Env, is.Env} {
			for name := range b.form().Requires {
				delete(env, name)
			}
			for name := range b.repo.Entrypoint.Env {
				delete(env, name)
			}
		}
	}
	out := differing(was, is)
	covered := func(path string) bool {
		return slices.ContainsFunc(out, func(setting string) bool { return covers(setting, path) })
	}
	for _, path := range differingPaths(old, job, "") {
		if !covered(path) && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	return out
}

// differing returns the names of the settings that differ.
func differing(a, b release.JobSettings) []string {
	var out []string
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		field := x.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if field.IsExported() && name != "patch" && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			out = append(out, name)
		}
	}
	if slices.Contains(out, "runner") || slices.Contains(out, "env") {
		out = slices.DeleteFunc(out, func(name string) bool { return name == "env_order" })
	}
	if slices.Contains(out, "runner") { // settings that the other runner lacks are not changes of their own
		out = slices.DeleteFunc(out, func(name string) bool {
			return name == "command" || name == "args" || name == "script" || name != "registry_login" && slices.Contains(loopSettings[:], name)
		})
	}
	return out
}

// differingPaths returns the paths at which two values differ. It does not look
// into lists.
func differingPaths(a, b any, path string) []string {
	x, xok := a.(object)
	y, yok := b.(object)
	if !xok || !yok {
		if reflect.DeepEqual(a, b) {
			return nil
		}
		return []string{path}
	}
	keys := object{}
	maps.Copy(keys, x)
	maps.Copy(keys, y)
	var out []string
	for k := range keys {
		out = append(out, differingPaths(x[k], y[k], strings.TrimPrefix(path+"."+k, "."))...)
	}
	slices.Sort(out)
	return out
}

// covers reports whether a change of a setting explains a difference at a path of
// the job.
func covers(setting, path string) bool {
	places := map[string][]string{
		"area": {"labels"}, "labels": {"labels"}, "timeout": {"decoration_config.timeout"}, "grace_period": {"decoration_config.grace_period", "spec.containers"},
		"slack": {"reporter_config"}, "service_account_token": {"spec.automountServiceAccountToken"},
		"registry_login": {"spec.automountServiceAccountToken", "spec.containers"}, "secret": {"spec.volumes"}, "pull_secret": {"spec.volumes", "spec.containers"},
		"name": {"name"}, "cron": {"cron", "interval"}, "interval": {"cron", "interval", "minimum_interval"}, "cluster": {"cluster"},
	}[setting]
	if places == nil {
		places = []string{"spec.containers"}
	}
	if setting == "runner" {
		places = append(places, "spec.automountServiceAccountToken")
	}
	return slices.ContainsFunc(places, func(place string) bool { return path == place || strings.HasPrefix(path, place+".") })
}
