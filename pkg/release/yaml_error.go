package release

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// yamlErrorLine matches the line number in an error of the YAML parser.
var yamlErrorLine = regexp.MustCompile(`line (\d+): ?`)

func syntaxProblem(name string, data []byte, err error) source.Problem {
	line, message := yamlError(data, err)
	return source.Problem{Pos: source.Position{File: name, Line: line}, Message: "the file is not valid YAML: " + message, Hint: "correct the YAML"}
}

// yamlError returns the line and the text of an error of the YAML parser; line
// 0 means unknown. The parser often names the first line of the surrounding
// mapping or list, so yamlError searches for the first line that is invalid.
func yamlError(data []byte, err error) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlErrorLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = strings.Replace(message, m[0], "", 1)
	}
	if first := firstBroken(data); first > 0 {
		line = first
	}
	return line, message
}

// Limits of the search for the first invalid line, which parses the beginning
// of the file repeatedly.
const (
	maxSearched = 256 << 10
	maxOpen     = 8 // lines of a list in brackets or of a quoted text
	maxRestarts = 2
)

// firstBroken returns the first line with which the file is no longer valid
// YAML. It returns 0 if there is no such line or the file is too large for a
// search.
func firstBroken(data []byte) int {
	if len(data) > maxSearched {
		return 0
	}
	var ends []int // offsets of the lines
	for i, c := range data {
		if c == '\n' || i == len(data)-1 {
			ends = append(ends, i+1)
		}
	}
	good := 0 // the number of valid lines
	valid := func(lines int) bool { return parses(data[:ends[lines-1]]) }
	for range maxRestarts + 1 {
		bad := good + 1 + sort.Search(len(ends)-good-1, func(i int) bool { return !valid(good + 1 + i) })
		if bad > len(ends) {
			return 0
		}
		// A value that is open at the end of a line may end on a later one.
		next := bad + 1
		for next <= min(bad+maxOpen, len(ends)) && !valid(next) {
			next++
		}
		if next > min(bad+maxOpen, len(ends)) {
			return bad
		}
		good = next
	}
	return 0
}

func parses(data []byte) bool {
	err := yaml.NewDecoder(bytes.NewReader(data)).Decode(new(yaml.Node))
	return err == nil || errors.Is(err, io.EOF)
}
