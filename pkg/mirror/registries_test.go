package mirror_test

import (
	"fmt"
	"os"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// kind is a kind of registry to mirror from or to.
type kind struct {
	name  string
	start func(testing.TB) *testkit.Registry
}

// kinds are the kinds without a password.
func kinds() []kind {
	all := []kind{
		{"in-process", func(t testing.TB) *testkit.Registry { return testkit.InProcess(t, nil) }},
		{"distribution", func(t testing.TB) *testkit.Registry { return testkit.Distribution(t, false) }},
		{"olareg", testkit.Olareg},
	}
	if os.Getenv("MIRROR_TEST_DEBIAN_REGISTRY") == "1" { // make test-registries
		all = append(all, kind{"debian", testkit.Debian})
	}
	return all
}

// TestRegistries copies 50 images with shared layers and 6 for two platforms
// between every pair of registries, and compares every manifest and blob that
// arrived.
func TestRegistries(t *testing.T) {
	kinds := append(kinds(), kind{"distribution-secure", func(t testing.TB) *testkit.Registry { return testkit.Distribution(t, true) }})
	for _, from := range kinds {
		t.Run("from "+from.name, func(t *testing.T) {
			src := from.start(t)
			lines, copies := workload(t, src)
			for _, to := range kinds {
				t.Run("to "+to.name, func(t *testing.T) {
					dst := to.start(t)
					opts := mirror.Options{Client: client(t, src, dst)}
					report := run(t, plan(t, src, dst, lines...), opts)
					wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: len(copies)})
					again := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t, src, dst)})
					wantSummary(t, again, map[mirror.Outcome]int{mirror.Unchanged: len(copies)})
					if again.Moved != (mirror.Moved{}) {
						t.Errorf("the second run moved %+v", again.Moved)
					}
				})
			}
		})
	}
}

// workload pushes images and returns the lines of a mapping file for them, and
// the source of each destination ("repo:tag").
func workload(t *testing.T, src *testkit.Registry) (lines []string, copies map[string]string) {
	t.Helper()
	copies = map[string]string{}
	base := []v1.Layer{testkit.Layer(1, 200_000), testkit.Layer(2, 90_000), testkit.Layer(3, 70_000)}
	add := func(from string, to ...string) {
		line := "$src/" + from
		for _, d := range to {
			line += " $dst/" + d
			copies[d] = from
		}
		lines = append(lines, line)
	}
	for i := range 50 {
		img := testkit.Image(t, fmt.Sprint("image", i), append(base[:1+i%3:1+i%3], testkit.Layer(int64(100+i), 5_000))...)
		from := fmt.Sprintf("ci/stream:image-%d", i)
		src.Push(t, from, img)
		add(from, fmt.Sprintf("org/image-%d:latest", i%20), fmt.Sprintf("org/image-%d:v%d", i%20, i))
		if i >= 20 { // one tag has one source
			delete(copies, fmt.Sprintf("org/image-%d:latest", i%20))
			lines[len(lines)-1] = fmt.Sprintf("$src/%s $dst/org/image-%d:v%d", from, i%20, i)
			copies[fmt.Sprintf("org/image-%d:latest", i%20)] = fmt.Sprintf("ci/stream:image-%d", i%20)
		}
	}
	for i := range 6 {
		index := testkit.Index(t, map[string]mutate.Appendable{
			"linux/amd64": testkit.Image(t, fmt.Sprint("amd", i), base[0], testkit.Layer(int64(300+i), 20_000)),
			"linux/arm64": testkit.Image(t, fmt.Sprint("arm", i), base[1], testkit.Layer(int64(400+i), 20_000)),
		}, "linux/amd64", "linux/arm64")
		from := fmt.Sprintf("ci/multi:v%d", i)
		src.Push(t, from, index)
		add(from, fmt.Sprintf("org/multi:v%d", i), fmt.Sprintf("other/multi-%d:latest", i))
	}
	return lines, copies
}
