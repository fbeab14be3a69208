package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// retired are words of a dialect that readers had to decipher, and the plain
// words to use instead. Documents, help, findings, errors and reports are
// without them.
var retired = []struct{ word, instead string }{
	{`(is|are|was) told\b`, "is reported, printed or listed"},
	{`(says?|tells?) whether`, "reports whether"},
	{`\bis none\b`, "is not a …"},
	{`[^e ] (is|are) no [a-km-z]`, "is not a …"}, // but "there is no" and "is no longer"
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
	{`\bfor ever\b`, "endlessly"},
	{`\b(lies|lie) (in|outside)\b`, "is in, is outside"},
	{`\bstands? (in|beside|behind)\b`, "is in, is next to, is after"},
	{`\bneither [^,.;]*, nor\b`, "is not a …, a … or a …"},
	{`\bis no more\b`, "no longer exists"},
	{`\bsay what it\b`, "describe it"},
	{`\ba text without end\b`, "too long"},
	{`\bmay not (pull|push|tag|be (moved|read|checked))\b`, "cannot …"},
	{`, and no images?\b`, "not a …"},
	{`\bis not there\b`, "does not exist"},
	{`\bmakes? (of|out of) (it|the tag)\b`, "produces"},
}

// patterns are the regular expressions of the retired words.
func patterns() []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, r := range retired {
		all = append(all, regexp.MustCompile(r.word))
	}
	return all
}

// complain reports the retired words in one line of text.
func complain(t *testing.T, words []*regexp.Regexp, where, line string) {
	t.Helper()
	for i, w := range words {
		if found := w.FindString(line); found != "" {
			t.Errorf("%s: write %s instead of %q", where, retired[i].instead, found)
		}
	}
}

func TestRetiredWords(t *testing.T) {
	words := patterns()
	files := pages(t)
	generated, err := filepath.Glob(filepath.Join(testkit.Root(), "docs/cli/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"Makefile", ".ci/run", "tools/*.mk", "tools/*.sh", "tools/*/*.md", "contrib/*/*"} {
		found, err := filepath.Glob(filepath.Join(testkit.Root(), pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	for _, name := range append(files, generated...) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(data), "\n") {
			complain(t, words, name+":"+strconv.Itoa(n+1), line)
		}
	}
}

// The texts and comments in the code have no retired words. The texts are what
// the programs print.
func TestRetiredWordsInTexts(t *testing.T) {
	words := patterns()
	set := token.NewFileSet()
	texts, comments := 0, 0
	for _, dir := range []string{"cmd", "internal", "pkg", "tools"} {
		err := filepath.WalkDir(filepath.Join(testkit.Root(), dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, group := range file.Comments {
				for _, comment := range group.List {
					comments++
					complain(t, words, set.Position(comment.Pos()).String(), comment.Text)
				}
			}
			if strings.HasSuffix(path, "_test.go") {
				return nil // its texts are inputs and expectations
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					texts++
					complain(t, words, set.Position(lit.Pos()).String(), lit.Value)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if texts < 1000 || comments < 1000 {
		t.Errorf("only %d texts and %d comments were found", texts, comments)
	}
}
