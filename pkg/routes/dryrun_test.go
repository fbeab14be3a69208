package routes_test

import (
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/routes"
)

// A job copies nothing if its entry point certainly lacks the variable that
// enables copying. The value of a variable from elsewhere is not known.
func TestDryRuns(t *testing.T) {
	for env, dry := range map[string]bool{
		"": true,
		"      - {name: dry_run, value: 'true'}\n":                                                  true,
		"      - {name: dry_run, value: 'false'}\n":                                                 false,
		"      - {name: dry_run, valueFrom: {configMapKeyRef: {name: a, key: b}}}\n":                false,
		"      envFrom:\n      - configMapRef: {name: a}\n":                                         false,
		"      - {name: dry_run, value: 'true'}\n      envFrom:\n      - configMapRef: {name: a}\n": true,
		"      - {name: wet_run, valueFrom: {configMapKeyRef: {name: a, key: b}}}\n":                true,
	} {
		file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
		tree, err := release.Load(fstest.MapFS{
			"core-services/image-mirroring/shop/mapping_shop": file("a.invalid/shop/cart:1 b.invalid/shop/cart:1\n"),
			"ci-operator/jobs/infra-image-mirroring.yaml": file(`periodics:
- name: periodic-image-mirroring-shop
  spec:
    volumes:
    - {name: config, configMap: {name: image-mirror-mappings}}
    containers:
    - command: [/tp-entrypoint.sh]
      volumeMounts:
      - {mountPath: /etc/imagemirror, name: config}
      env:
      - {name: MAPPING_FILE_PREFIX, value: mapping_shop}
` + env),
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := routes.New(tree).All[0]; len(r.Jobs)+len(r.Dry) != 1 || (len(r.Dry) == 1) != dry {
			t.Errorf("%q: %d jobs copy, %d do not; want the latter: %v", env, len(r.Jobs), len(r.Dry), dry)
		}
	}
}
