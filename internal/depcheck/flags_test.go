package depcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var flagName = regexp.MustCompile(`(^|[^\w-])--[a-z]`)

// TestEngineNamesNoFlags keeps the flags of the command out of the texts of
// pkg/mirror: an error has a type or a cause, from which the command makes hints.
func TestEngineNamesNoFlags(t *testing.T) {
	if !flagName.MatchString("allow it with --token-endpoint") || flagName.MatchString("jan--f") {
		t.Fatal("the pattern does not match flags")
	}
	checked := 0
	err := filepath.WalkDir("../../pkg/mirror", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				checked++
				if flagName.MatchString(lit.Value) {
					t.Errorf("%s: %s names a flag", set.Position(lit.Pos()), lit.Value)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || checked == 0 {
		t.Fatalf("%d texts checked: %v", checked, err)
	}
}
