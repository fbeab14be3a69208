package depcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// A type with more methods or fields than these does the work of two.
const (
	maxMethods = 15
	maxFields  = 12
)

// object counts what belongs to one type of one package.
type object struct {
	where           token.Position
	methods, fields int
}

// TestSmallObjects holds every type to a handful of methods. A struct with
// methods that change it has few fields, too; a plain struct of settings or of
// results may have as many as it describes.
func TestSmallObjects(t *testing.T) {
	objects := map[string]*object{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			return countObjects(path, objects)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) < 100 {
		t.Fatalf("found %d types with methods or fields, want the whole project", len(objects))
	}
	for name, o := range objects {
		if o.methods > maxMethods {
			t.Errorf("%s: %s has %d methods, more than %d: split it by concern", o.where, name, o.methods, maxMethods)
		}
		if o.methods > 0 && o.fields > maxFields && !exported(name) {
			t.Errorf("%s: %s has %d fields, more than %d: split it by concern", o.where, name, o.fields, maxFields)
		}
	}
}

// exported reports whether others see the type; such a struct describes
// settings or results.
func exported(name string) bool {
	return ast.IsExported(name[strings.LastIndexByte(name, '.')+1:])
}

// countObjects adds the methods and fields that one file declares.
func countObjects(path string, objects map[string]*object) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	folder := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), filepath.FromSlash("../../")))
	of := func(name string) *object {
		key := folder + "." + name
		if objects[key] == nil {
			objects[key] = &object{}
		}
		return objects[key]
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				of(receiver(d.Recv.List[0].Type)).methods++
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if s, ok := spec.(*ast.TypeSpec); ok {
					o := of(s.Name.Name)
					o.where = fset.Position(s.Pos())
					if structure, ok := s.Type.(*ast.StructType); ok {
						o.fields = structure.Fields.NumFields()
					}
				}
			}
		}
	}
	return nil
}

// receiver returns the name of a method's type, without pointer and parameters.
func receiver(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}
