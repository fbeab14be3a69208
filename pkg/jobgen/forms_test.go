package jobgen

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/yaml"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// entryJob is the job of a set with an entry point, as a value that a form
// changes.
func entryJob(set string) object {
	return object{
		"agent": "kubernetes", "cluster": "build05", "cron": "@hourly", "decorate": true,
		"labels": object{"ci.openshift.io/area": set, "ci.openshift.io/role": "image-mirroring"},
		"name":   "periodic-image-mirroring-" + set,
		"spec": object{
			"automountServiceAccountToken": true,
			"containers": []any{object{
				"command": []any{"/copy.sh"}, "image": "registry.example.org/ci/copier:3", "imagePullPolicy": "Always", "name": "",
				"env":       []any{env("HOME", "/home/mirror"), env("MAPPING_FILE_PREFIX", "mapping_"+set), env("dry_run", "false")},
				"resources": object{"requests": object{"cpu": "500m"}},
				"volumeMounts": []any{
					object{"mountPath": "/home/mirror/.docker/config.json", "name": "push", "readOnly": true, "subPath": "config.json"},
					object{"mountPath": "/etc/imagemirror", "name": "config"},
				},
			}},
			"volumes": []any{
				object{"name": "push", "secret": object{"secretName": "registry-push-credentials-quay.io-" + set}},
				object{"name": "config", "configMap": object{"name": "image-mirror-mappings"}},
			},
		},
	}
}

func env(name, value string) object { return object{"name": name, "value": value} }

// withPull adds a secret for pulling to a job, at a path.
func withPull(path string, pushPath string) func(job, c object, set string) {
	return func(job, c object, _ string) {
		volumes, m := list(job, "spec", "volumes"), list(c, "volumeMounts")
		m[0].(object)["mountPath"] = pushPath
		child(job, "spec")["volumes"] = []any{volumes[0], object{"name": "pull", "secret": object{"secretName": "pullers"}}, volumes[1]}
		c["volumeMounts"] = []any{object{"mountPath": path, "name": "pull", "readOnly": true, "subPath": ".dockerconfigjson"}, m[0], m[1]}
	}
}

// TestImportForms imports jobs of many forms: one set, or most of the sets, has
// the form. Settings express it without a patch and without a script, in few
// lines, and generate gives the same bytes.
func TestImportForms(t *testing.T) {
	const taught = "mappings_from:\n- {arg: --mappings, value: glob}\n"
	for name, form := range map[string]struct {
		settings string // in _mirror.yaml
		change   func(job, c object, set string)
		lines    int // of the only set with the form
		patch    bool
	}{
		"as the others":           {change: func(_, _ object, _ string) {}, lines: 1},
		"a pull secret":           {change: withPull("/home/mirror/.docker/pull-config.json", "/home/mirror/.docker/push-config.json"), lines: 1},
		"a pull secret elsewhere": {change: withPull("/etc/pull/config.json", "/home/mirror/.docker/config.json"), lines: 1},
		"volumes in another order": {change: func(job, c object, set string) {
			withPull("/p", "/q")(job, c, set)
			v, m := list(job, "spec", "volumes"), list(c, "volumeMounts")
			v[0], v[2], m[0], m[1] = v[2], v[0], m[1], m[0]
		}, lines: 1},
		"another image": {change: func(_, c object, _ string) { c["image"] = "registry.example.org/ci/copier:4" }, lines: 1},
		"more variables": {change: func(_, c object, _ string) {
			c["env"] = append(list(c, "env"), env("ZONE", "a"), env("DEBUG", "1"))
		}, lines: 4},
		"variables in another order": {change: func(_, c object, _ string) {
			e := list(c, "env")
			e[0], e[2] = e[2], e[0]
		}, lines: 1},
		"copies nothing": {change: func(_, c object, _ string) { c["env"] = list(c, "env")[:2] }, lines: 2},
		"a path as argument": {change: func(_, c object, set string) {
			c["env"] = list(c, "env")[:1]
			c["args"] = []any{"--verbose", "/etc/imagemirror/mapping_" + set + "*"}
		}, lines: 3},
		"a taught argument": {settings: taught, change: func(_, c object, set string) {
			c["env"] = list(c, "env")[:1]
			c["args"] = []any{"--mappings=mapping_" + set + "*"}
		}, lines: 3},
		"a taught argument, and no variable": {settings: taught, change: func(_, c object, set string) {
			delete(c, "env")
			c["args"] = []any{"--mappings=mapping_" + set + "*"}
		}, lines: 4},
		"a taught argument between others": {settings: taught, change: func(_, c object, set string) {
			c["env"] = list(c, "env")[:1]
			c["args"] = []any{"sync", "--mappings", "mapping_" + set + "*", "--quiet"}
		}, lines: 4},
		"a taught variable": {settings: "mappings_from:\n- {env: SETS, value: prefix}\n", change: func(_, c object, set string) {
			list(c, "env")[1] = env("SETS", "mapping_"+set)
		}, lines: 3},
		"more arguments": {change: func(_, c object, _ string) { c["args"] = []any{"--retries", "3"} }, lines: 1},
		"fields of the container": {change: func(_, c object, _ string) {
			c["imagePullPolicy"] = "IfNotPresent"
			c["securityContext"] = object{"runAsNonRoot": true}
		}, lines: 6, patch: true},
		"resources": {change: func(_, c object, _ string) { c["resources"] = object{"requests": object{"cpu": "1"}} }, lines: 3},
	} {
		for _, with := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s/%d of 6", name, with), func(t *testing.T) {
				tree := fstest.MapFS{}
				var jobs []any
				for i, set := range []string{"ash", "beech", "cedar", "elm", "fir", "oak"} {
					job := entryJob(set)
					if i < with {
						form.change(job, list(job, "spec", "containers")[0].(object), set)
					}
					jobs = append(jobs, job)
					tree["core-services/image-mirroring/"+set+"/mapping_"+set] = &fstest.MapFile{Data: []byte("a.io/b/c:d e.io/f/" + set + ":h\n")}
				}
				text, err := yaml.Marshal(object{"periodics": jobs})
				if err != nil {
					t.Fatal(err)
				}
				tree["ci-operator/jobs/infra-image-mirroring.yaml"] = &fstest.MapFile{Data: text}
				if form.settings != "" {
					tree["core-services/image-mirroring/_mirror.yaml"] = &fstest.MapFile{Data: []byte(form.settings)}
				}
				im, err := Import(mustLoad(t, tree))
				if err != nil {
					t.Fatal(err)
				}
				var written strings.Builder
				for _, f := range im.Files {
					fmt.Fprintf(&written, "-- %s --\n%s", f.Path, f.New)
					if n := bytes.Count(f.New, []byte("\n")); with == 1 && strings.Contains(f.Path, "/ash/") && n > form.lines {
						t.Errorf("the set has %d lines", n)
					}
				}
				for _, word := range []string{"patch:", "script:", "command: [", "- mountPath"} {
					if strings.Contains(written.String(), word) && (word != "patch:" || !form.patch) {
						t.Errorf("import writes %s", word)
					}
				}
				if !im.Exact {
					t.Error("generate does not give the same bytes")
				}
				if !strings.Contains(written.String(), "runner: "+string(release.RunnerEntrypoint)) {
					t.Error("the runner is not entrypoint")
				}
				t.Log(written.String())
			})
		}
	}
}
