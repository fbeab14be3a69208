package validate_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// synthetic is a release tree with n mapping files of 40 lines in sets of ten.
func synthetic(n int) fstest.MapFS {
	fsys := fstest.MapFS{}
	jobs := "periodics:\n"
	for i := range n {
		set := fmt.Sprintf("team-%d", i/10)
		dir := "core-services/image-mirroring/" + set
		if i%10 == 0 {
			fsys[dir+"/OWNERS"] = &fstest.MapFile{Data: []byte("approvers:\n- alice\n")}
			jobs += fmt.Sprintf(`- name: periodic-image-mirroring-%s
  spec:
    containers:
    - args: [-c, "for m in /etc/imagemirror/mapping_%s_*; do oc image mirror -f=$m; done"]
      volumeMounts:
      - {mountPath: /etc/imagemirror, name: config}
    volumes:
    - {name: config, configMap: {name: image-mirror-mappings}}
`, set, set)
		}
		text := ""
		for l := range 40 {
			text += fmt.Sprintf("registry.ci.openshift.org/team/v%d:image-%d quay.io/team/image-%d:v%d quay.io/team/image-%d:v%d.0\n", i, l, l, i, l, i)
		}
		fsys[fmt.Sprintf("%s/mapping_%s_%d", dir, set, i)] = &fstest.MapFile{Data: []byte(text)}
	}
	fsys["ci-operator/jobs/infra-image-mirroring.yaml"] = &fstest.MapFile{Data: []byte(jobs)}
	return fsys
}

// BenchmarkLint lints trees of 150 and 1,500 mapping files. The metric "growth"
// is the ratio of their times per file: about 1 if the time is linear.
func BenchmarkLint(b *testing.B) {
	perFile := map[int]float64{}
	for _, n := range []int{150, 1500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			fsys := synthetic(n)
			for b.Loop() {
				tree, err := release.Load(fsys)
				if err != nil {
					b.Fatal(err)
				}
				validate.Run(tree, validate.Rules()...)
			}
			perFile[n] = float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(n)
			if small := perFile[150]; n != 150 && small > 0 {
				b.ReportMetric(perFile[n]/small, "growth")
			}
		})
	}
}
