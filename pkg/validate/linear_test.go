package validate_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// wide is a tree with one job that reads n secrets.
func wide(n int) fstest.MapFS {
	var env strings.Builder
	for i := range n {
		fmt.Fprintf(&env, "      - {name: V%d, valueFrom: {secretKeyRef: {name: s%d, key: k}}}\n", i, i)
	}
	return fstest.MapFS{
		"core-services/image-mirroring/team/mapping_team": {Data: []byte("registry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n")},
		"ci-operator/jobs/infra-image-mirroring.yaml": {Data: []byte(`periodics:
- name: periodic-image-mirroring-team
  spec:
    containers:
    - command: [/tp-entrypoint.sh]
      env:
      - {name: MAPPING_FILE_PREFIX, value: mapping_team}
` + env.String() + `      volumeMounts: [{mountPath: /etc/imagemirror, name: config}]
    volumes:
    - {name: config, configMap: {name: image-mirror-mappings}}
`)},
	}
}

// TestLintIsLinear lints a job of 1,500 and of 15,000 secrets: ten times the
// secrets may take thirty times the processor's time, a hundred times would be
// quadratic.
func TestLintIsLinear(t *testing.T) {
	took := func(n int) time.Duration {
		best := time.Hour
		for range 3 {
			start := testkit.CPUTime(t)
			tree, err := release.Load(wide(n))
			if err != nil {
				t.Fatal(err)
			}
			validate.Run(tree, validate.Rules()...)
			best = min(best, testkit.CPUTime(t)-start)
		}
		return best
	}
	small, large := took(1500), took(15000)
	t.Logf("1,500 secrets: %v, 15,000 secrets: %v", small, large)
	if large > 30*small {
		t.Errorf("15,000 secrets take %.0f times as long as 1,500", float64(large)/float64(small))
	}
}
