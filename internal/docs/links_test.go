package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// read returns the text of a page.
func read(t *testing.T, page string) string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noID    = regexp.MustCompile("[^a-z0-9 _-]")
)

// anchors returns the anchors of a page as GitHub makes them of its headings.
func anchors(page string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		out[strings.ReplaceAll(noID.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// Every link leads to a file, and to a heading if it names one.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if anchor != "" && !anchors(read(t, target))[anchor] {
				t.Errorf("%s: %s has no heading for #%s", page, file, anchor)
			}
		}
	}
}

var (
	goTest = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]*)")
	target = regexp.MustCompile("`make ([a-z][a-z-]*)")
)

// Every test and every make target that a page names exists.
func TestNamesExist(t *testing.T) {
	tests := lines(t, regexp.MustCompile(`^func Test`), "_test.go")
	targets := lines(t, regexp.MustCompile(`^[a-z][a-z-]*:`), "Makefile", ".mk")
	for _, page := range pages(t) {
		text := read(t, page)
		for _, m := range goTest.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(tests, "\nfunc "+m[1]+"(") {
				t.Errorf("%s names the test %s, which does not exist", page, m[1])
			}
		}
		for _, m := range target.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(targets, "\n"+m[1]+":") {
				t.Errorf("%s names make %s, which does not exist", page, m[1])
			}
		}
	}
}

// lines returns the lines that match, each after a line break, of all files of this
// project whose names end in one of the endings.
func lines(t *testing.T, match *regexp.Regexp, endings ...string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(testkit.Root(), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "bin"):
			return fs.SkipDir
		case !slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(path, e) }):
			return nil
		}
		for line := range strings.Lines(read(t, path)) {
			if match.MatchString(line) {
				out.WriteString("\n" + line)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// wordLimit keeps the documents short enough to be read. Generated pages and the
// changelog do not count.
const wordLimit = 9000

func TestDocumentsAreShort(t *testing.T) {
	total, counts := 0, ""
	for _, page := range pages(t) {
		text := read(t, page)
		if strings.Contains(text, "<!-- Made from") || strings.Contains(text, "<!-- Generated ") || filepath.Base(page) == "CHANGELOG.md" {
			continue
		}
		n := len(strings.Fields(text))
		total += n
		counts += fmt.Sprintf("\n%6d %s", n, filepath.Base(page))
	}
	if total > wordLimit {
		t.Errorf("the documents have %d words, more than %d: remove what another page says:%s", total, wordLimit, counts)
	}
}
