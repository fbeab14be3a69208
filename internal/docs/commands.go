// Package docs tests the documentation: it generates the reference of the
// commands, and runs every command block of README.md and docs/*.md. Only tests
// import it.
package docs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

// Commands compares docs/cli/NAME.md and docs/man/NAME*.1 with the help of a
// command, parses its examples, and checks its flags. With UPDATE=1 it writes
// them.
func Commands(t *testing.T, root *cobra.Command) {
	t.Helper()
	root.DisableAutoGenTag = true
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	want := map[string][]byte{"docs/cli/" + root.Name() + ".md": page(t, root)}
	for _, c := range tree(root) {
		want["docs/man/"+strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"] = man(t, c)
	}
	for file, text := range want {
		path := filepath.Join(testkit.Root(), file)
		if os.Getenv("UPDATE") == "1" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v: run make golden", err)
		} else if !bytes.Equal(got, text) {
			t.Errorf("%s is stale: run make golden", file)
		}
	}
	pages, err := filepath.Glob(filepath.Join(testkit.Root(), "docs/man/*.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		name := filepath.Base(p)
		if want["docs/man/"+name] == nil && owner(name) == root.Name() {
			t.Errorf("docs/man/%s describes a command that no longer exists: remove it", name)
		}
	}
	examples(t, root)
	flags(t, root)
}

// maxUsage is the longest description of a flag, in characters: the help shows it
// on one line.
const maxUsage = 59

// flags checks that the description of each flag is short.
func flags(t *testing.T, root *cobra.Command) {
	t.Helper()
	for _, c := range tree(root) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if _, usage := pflag.UnquoteUsage(f); utf8.RuneCountInString(usage) > maxUsage {
				t.Errorf("%s --%s: the description has %d characters, more than %d: %s",
					c.CommandPath(), f.Name, utf8.RuneCountInString(usage), maxUsage, usage)
			}
		})
	}
}

// owner returns the program of a man page.
func owner(page string) string {
	for _, name := range []string{"mirror-lint", "mirror-jobgen"} {
		if strings.HasPrefix(page, name) {
			return name
		}
	}
	return "mirror"
}

// tree returns a command and its sub-commands, without those of completion,
// which differ only in the shell.
func tree(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	if c.Name() == "completion" {
		return all
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			all = append(all, tree(sub)...)
		}
	}
	return all
}

// page is one Markdown page for a program with all its commands.
func page(t *testing.T, root *cobra.Command) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("<!-- Made from the command itself: make golden. -->\n\n# " + root.Name() + "\n\n")
	for _, c := range tree(root) {
		var one bytes.Buffer
		link := func(string) string { return "" }
		if err := doc.GenMarkdownCustom(c, &one, link); err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(one.String(), "### SEE ALSO")
		b.WriteString(strings.TrimRight(text, "\n") + "\n\n")
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

// man is the manual page of one command. It has no date: that of the release
// would make every page differ every time.
func man(t *testing.T, c *cobra.Command) []byte {
	t.Helper()
	var b bytes.Buffer
	never := time.Time{}
	h := &doc.GenManHeader{Section: "1", Source: "mirror-tools", Date: &never}
	if err := doc.GenMan(c, h, &b); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.ReplaceAll(b.String(), `"Jan 0001"`, `""`), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, ".nh") })
	return []byte(strings.Join(lines, ""))
}
