package validate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// BenchmarkLintTree lints whole release repositories on disk, with all their
// ci-operator configs. The metric "cats" is the ratio to the time for reading
// the YAML and mapping files with find and cat. Both are measured in turns.
func BenchmarkLintTree(b *testing.B) {
	b.Run("made", func(b *testing.B) {
		dir := b.TempDir()
		if err := os.CopyFS(dir, synthetic(150)); err != nil {
			b.Fatal(err)
		}
		makeConfigs(b, dir, 4000)
		benchmarkTree(b, dir)
	})
	for _, name := range []string{"release-2020-08", "release-2022-12", "release-2024-05"} {
		b.Run(name, func(b *testing.B) { benchmarkTree(b, testkit.CorpusTree(b, name+".tar.gz")) })
	}
	b.Run("release-2022-12/mappings-and-jobs", func(b *testing.B) {
		whole, part := testkit.CorpusTree(b, "release-2022-12.tar.gz"), b.TempDir()
		jobs := filepath.Join(part, "ci-operator/jobs/infra-image-mirroring.yaml")
		if err := os.MkdirAll(filepath.Dir(jobs), 0o755); err != nil {
			b.Fatal(err)
		}
		err := os.Rename(filepath.Join(whole, "ci-operator/jobs/infra-image-mirroring.yaml"), jobs)
		if err == nil {
			err = os.CopyFS(filepath.Join(part, "core-services/image-mirroring"), os.DirFS(filepath.Join(whole, "core-services/image-mirroring")))
		}
		if err != nil {
			b.Fatal(err)
		}
		benchmarkTree(b, part)
	})
}

func benchmarkTree(b *testing.B, dir string) {
	var reading time.Duration
	for b.Loop() {
		b.StopTimer()
		start := time.Now()
		cat := exec.Command("sh", "-c", "find . -name '*.yaml' -o -name 'mapping_*' | xargs cat >/dev/null")
		cat.Dir = dir
		if out, err := cat.CombinedOutput(); err != nil {
			b.Skipf("find and cat do not run here: %v: %s", err, out)
		}
		reading += time.Since(start)
		b.StartTimer()
		tree, err := release.Load(os.DirFS(dir))
		if err != nil {
			b.Fatal(err)
		}
		validate.Run(tree, validate.Rules()...)
	}
	b.ReportMetric(float64(b.Elapsed())/float64(reading), "cats")
}

// makeConfigs writes n configs with the size of real ones.
func makeConfigs(b *testing.B, dir string, n int) {
	filler := ""
	for i := range 60 {
		filler += fmt.Sprintf("- as: test-%d\n  commands: make test-%d\n  container:\n    from: src\n", i, i)
	}
	for i := range n {
		repo := filepath.Join(dir, "ci-operator", "config", fmt.Sprintf("org-%d", i%40), fmt.Sprintf("repo-%d", i%400))
		if err := os.MkdirAll(repo, 0o755); err != nil {
			b.Fatal(err)
		}
		text := fmt.Sprintf("images:\n- dockerfile_path: Dockerfile\n  from: base\n  to: image-%d\npromotion:\n  name: v%d\n  namespace: team\ntests:\n%s", i%40, i, filler)
		name := fmt.Sprintf("org-%d-repo-%d-release-%d.yaml", i%40, i%400, i)
		if err := os.WriteFile(filepath.Join(repo, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}
