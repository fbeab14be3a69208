package registry

import (
	"fmt"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// The documents state the numbers of this package.
func TestDocumentedNumbers(t *testing.T) {
	client := New(Options{})
	testkit.Documented(t, "docs/guarantees.md",
		fmt.Sprintf("a manifest %s, a page of a list %s,", testkit.Bytes(maxManifest), testkit.Bytes(maxPage)),
		fmt.Sprintf("an error's text %s,", testkit.Bytes(maxErrorBody)),
		fmt.Sprintf("headers %s,", testkit.Bytes(maxHeaders)),
		fmt.Sprintf("%s pages, %s tags, %s referrers of a manifest", testkit.Count(maxPages), testkit.Count(maxListed), testkit.Count(maxReferrers)),
		fmt.Sprintf("%s values and %s parts, counted before", testkit.Count(maxValues), testkit.Count(maxParts)),
		fmt.Sprintf("%s of manifests in use", testkit.Bytes(maxAlive)),
		fmt.Sprintf("large answers share %s", testkit.Bytes(memoryBudget)),
		fmt.Sprintf("`--max-blob-bytes` (%s); never above %s", testkit.Bytes(client.all.opts.MaxBlob), testkit.Bytes(maxSize)),
		fmt.Sprintf("| redirects | %d;", maxRedirects),
		fmt.Sprintf("the first answer within %.0f seconds", pingTime.Seconds()))
	testkit.Documented(t, "docs/performance.md",
		fmt.Sprintf("%d tags a page", quayPage),
		fmt.Sprintf("when at least %d of its tags are wanted", listFrom),
		fmt.Sprintf("one buffer of %s", testkit.Bytes(piece)))
}
