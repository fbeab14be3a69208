package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/guarantees.md states the numbers of these tests.
func TestDocumentedNumbers(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(testkit.Root(), "tools/chaos.mk"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^SEEDS \?= (\d+)$`).FindSubmatch(data)
	if m == nil {
		t.Fatal("tools/chaos.mk does not set SEEDS")
	}
	many, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("with %s seeds (`make test` with %d)", testkit.Count(many), fewSeeds),
		fmt.Sprintf("spoil %.0f to %.0f %% of their requests", 100*rates[0], 100*rates[len(rates)-1]))
}
