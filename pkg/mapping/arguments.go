package mapping

import "strings"

// ParseArguments reads the arguments of a command, SRC DST [DST...] or
// SRC=DST..., as one line of a file named "arguments". Each argument is one
// word: blanks and "#" have no meaning in it. An empty argument, such as that
// of an unset variable, is an error.
func ParseArguments(args []string) *File {
	f := &File{Name: "arguments", Lines: []Line{{Number: 1, Kind: Mapped, Text: strings.Join(args, " ")}}}
	p := parser{file: f}
	l := &f.Lines[0]
	words := make([]word, 0, len(args))
	offset := 0
	for i, a := range args {
		if a == "" {
			p.refuse(l, offset, "check whether a variable is unset", "argument %d is empty", i+1)
			return f
		}
		words = append(words, word{a, offset})
		offset += len(a) + 1
	}
	p.words(l, words)
	return f
}
