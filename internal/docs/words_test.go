package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// retired are words of a dialect that readers had to decipher, and the plain
// words to use instead. Documents and the texts that they are generated from
// (help, rules, settings) are without them.
var retired = []struct{ word, instead string }{
	{`(is|are|was) told\b`, "is reported, printed or listed"},
	{`(says|tells) whether`, "reports whether"},
	{`\bis none\b`, "is not a …"},
	{`not in line\b`, "failed, differs"},
	{`run at work`, "progress"},
	{`without further word`, "by default"},
	{`makes of the run`, "whether it fails the run"},
	{`is tried again`, "is retried"},
	{`\bcrumbs\b`, "small pieces"},
	{`kept quiet`, "ignored"},
	{`no word of`, "without"},
	{`looked at behind`, "checked below"},
	{`in many forms`, "in several formats"},
	{`what becomes of`, "what happens to"},
	{`what it may\b`, "what is allowed"},
	{`to be had\b`, "available"},
	{`ran last would win`, "the last push wins"},
}

func TestRetiredWords(t *testing.T) {
	root := "../.."
	files := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"}
	for _, pattern := range []string{"docs/*.md", "docs/cli/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			files = append(files, strings.TrimPrefix(filepath.ToSlash(f), root+"/"))
		}
	}
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(data), "\n") {
			for _, r := range retired {
				if found := regexp.MustCompile(r.word).FindString(line); found != "" {
					t.Errorf("%s:%d: write %s instead of %q", name, n+1, r.instead, found)
				}
			}
		}
	}
}
