package retry

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// docs/guarantees.md states the numbers of this package.
func TestDocumentedNumbers(t *testing.T) {
	var throttled []string
	for status := 400; status < 600; status++ {
		if Throttled(status) {
			throttled = append(throttled, fmt.Sprint(status))
		}
	}
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("| %s | retry with a limit of their own, %d attempts or %.0f minutes of waiting;",
			strings.Join(throttled, ", "), maxThrottled, maxPatience.Minutes()),
		fmt.Sprintf("all requests to that registry wait, at most %.0f minutes", Policy{}.WithDefaults().MaxAfter.Minutes()))
}
