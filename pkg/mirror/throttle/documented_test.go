package throttle

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// The documents state the numbers of this package.
func TestDocumentedNumbers(t *testing.T) {
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("answers no request successfully for %.0f seconds is down", downFor.Seconds()),
		fmt.Sprintf("tries it again after %.0f seconds, later every %.0f minutes", firstProbe.Seconds(), slowestProbing.Minutes()),
		statuses())
	for _, page := range []string{"docs/performance.md", "docs/from-oc.md"} {
		testkit.Documented(t, page, fmt.Sprint(DefaultStart), fmt.Sprint(DefaultMaxPerHost))
	}
	testkit.Documented(t, "docs/performance.md", fmt.Sprintf("gets %d concurrent requests, then one more for each good answer up to %d", DefaultStart, DefaultMaxPerHost))
	testkit.Documented(t, "docs/from-oc.md", fmt.Sprintf("default: %d, rising to %d", DefaultStart, DefaultMaxPerHost))
}

// statuses lists the retried statuses as docs/guarantees.md does, without those
// that have a limit of their own.
func statuses() string {
	var retried, not []string
	for status := 400; status < 500; status++ {
		if Temporary(status) && status != http.StatusTooManyRequests {
			retried = append(retried, fmt.Sprint(status))
		}
	}
	for status := 500; status < 600; status++ {
		if !Temporary(status) && http.StatusText(status) != "" {
			not = append(not, fmt.Sprint(status))
		}
	}
	return strings.Join(slices.Concat(retried, []string{"5xx"}), ", ") + " (not " + strings.Join(not, ", ") + ")"
}
