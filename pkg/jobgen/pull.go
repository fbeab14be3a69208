package jobgen

import (
	"path"
	"reflect"
	"slices"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// pullSecret mounts the secret for pulling beside the one for pushing.
func (b *builder) pullSecret(job, c object, s subject) {
	if s.all.PullSecret == "" || s.all.PullSecret == release.NoPullSecret {
		return
	}
	p := b.repo.PullCredentials
	push, _ := pushVolume(job)
	if s.all.Runner == release.RunnerMirror {
		p.PullPath, p.PushPath = mirrorPaths(mounts(c, push))
	}
	if s.all.Runner != release.RunnerMirror && s.all.Runner != release.RunnerEntrypoint && s.all.Script == "" {
		b.notes = append(b.notes, source.Problem{Pos: s.at("pull_secret"), Severity: source.Warning,
			Message: "oc reads one auth file: the job of " + s.name + " does not use both secrets", Hint: "set pull_secret: none, or the runner mirror"})
	}
	spec := child(job, "spec")
	spec["volumes"] = append(list(spec, "volumes"), object{"name": p.Volume, "secret": object{"secretName": s.all.PullSecret}})
	sortByName(list(spec, "volumes"), p.Volumes)
	for _, m := range mounts(c, push) {
		m["mountPath"] = p.PushPath
	}
	c["volumeMounts"] = append(list(c, "volumeMounts"), object{"name": p.Volume, "mountPath": p.PullPath, "subPath": p.Key, "readOnly": true})
	sortByName(list(c, "volumeMounts"), p.Mounts)
}

// mirrorPaths returns where mirror finds two auth files: that of podman, which it
// asks first, has the credentials for pushing.
func mirrorPaths(push []object) (pull, pushing string) {
	pull = "/home/mirror/.docker/config.json"
	if len(push) > 0 {
		pull = str(push[0], "mountPath")
	}
	return pull, path.Join(path.Dir(path.Dir(pull)), ".config/containers/auth.json")
}

// sortByName sorts named items in the order of names. Others follow.
func sortByName(items []any, names []string) {
	place := func(item any) int {
		if i := slices.Index(names, str(item, "name")); i >= 0 {
			return i
		}
		return len(names)
	}
	slices.SortStableFunc(items, func(x, y any) int { return place(x) - place(y) })
}

// extractPull returns the secret for pulling, and where the job mounts both
// secrets.
func extractPull(job, c object) (secret string, p release.PullCredentials) {
	push, _ := pushVolume(job)
	for _, v := range list(job, "spec", "volumes") {
		p.Volumes = append(p.Volumes, str(v, "name"))
		if s, ok := at(v, "secret").(object); ok && str(v, "name") != push {
			if secret != "" {
				return "", release.PullCredentials{}
			}
			secret, p.Volume = str(s, "secretName"), str(v, "name")
		}
	}
	for _, m := range list(c, "volumeMounts") {
		p.Mounts = append(p.Mounts, str(m, "name"))
	}
	pulls, pushes := mounts(c, p.Volume), mounts(c, push)
	if secret == "" || len(pulls) != 1 || len(pushes) != 1 {
		return "", release.PullCredentials{}
	}
	p.Key, p.PullPath, p.PushPath = str(pulls[0], "subPath"), str(pulls[0], "mountPath"), str(pushes[0], "mountPath")
	return secret, p
}

// pullCredentials finds where the jobs with a secret for pulling mount it.
func (v *voting) pullCredentials() {
	if slices.Contains(v.tree.Settings.Keys(), "pull_credentials") {
		return
	}
	var all []release.PullCredentials
	count := func(p release.PullCredentials) (n int) {
		for _, x := range all {
			if reflect.DeepEqual(x, p) {
				n++
			}
		}
		return n
	}
	for _, x := range v.jobs {
		if secret, p := extractPull(x.job, v.b.template.container(x.job)); secret != "" && x.full.Runner != release.RunnerMirror {
			all = append(all, p)
		}
	}
	// More jobs than the usual places fit must have others.
	best, most := release.DefaultPullCredentials(), count(release.DefaultPullCredentials())
	for _, p := range all {
		if n := count(p); n > most {
			best, most = p, n
		}
	}
	v.b.repo.PullCredentials = best
	said, usual := reflect.ValueOf(&best).Elem(), reflect.ValueOf(release.DefaultPullCredentials())
	for i := range said.NumField() {
		if reflect.DeepEqual(said.Field(i).Interface(), usual.Field(i).Interface()) {
			said.Field(i).SetZero()
		}
	}
	v.said.PullCredentials = best
}
