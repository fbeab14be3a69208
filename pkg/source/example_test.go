package source_test

import (
	"fmt"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func ExampleProblem() {
	p := source.Problem{
		Pos:      source.Position{File: "mapping_team", Line: 3, Column: 1},
		Severity: source.Error,
		Message:  "the line has no destination",
		Hint:     "write SRC DST",
	}
	fmt.Println(p.Error())
	fmt.Println(p.Pos, p.Severity)
	// Output:
	// mapping_team:3:1: the line has no destination
	// mapping_team:3:1 error
}
