package docs

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// examples checks that the examples of every command are shell that calls the
// program with an existing command, its flags and a valid number of arguments.
func examples(t *testing.T, root *cobra.Command) {
	t.Helper()
	for _, c := range tree(root) {
		if c.Name() == "completion" || c.Example == "" {
			continue // the text of completion is cobra's
		}
		file, err := syntax.NewParser().Parse(strings.NewReader(c.Example), c.CommandPath())
		if err != nil {
			t.Errorf("%s: its examples are not valid shell: %v", c.CommandPath(), err)
			continue
		}
		calls := 0
		syntax.Walk(file, func(node syntax.Node) bool {
			call, ok := node.(*syntax.CallExpr)
			if !ok {
				return true
			}
			words, err := expand.Fields(nil, call.Args...)
			if err == nil && len(words) > 0 && words[0] == root.Name() {
				calls++
				err = accepts(root, words[1:])
			}
			if err != nil {
				t.Errorf("%s: the example %q: %v", c.CommandPath(), words, err)
			}
			return true
		})
		if calls == 0 {
			t.Errorf("%s: no example calls %s", c.CommandPath(), root.Name())
		}
	}
}

func accepts(root *cobra.Command, args []string) error {
	found, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := found.ParseFlags(rest); err != nil {
		return err
	}
	return found.ValidateArgs(found.Flags().Args())
}
