// Testrun runs go test and prints what it prints, and why each test that was
// skipped was: go test says so only with -v. With -none a skip is a failure: so
// runs CI what it has installed everything for.
//
//	testrun [-none] ARGUMENTS OF GO TEST
//
// GO is the go command to use. It exits as go test does, and with 1 for skips that -none forbids.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	args := os.Args[1:]
	none := len(args) > 0 && args[0] == "-none"
	if none {
		args = args[1:]
	}
	cmd := exec.Command(cmp.Or(os.Getenv("GO"), "go"), append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	skipped, err := show(out, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: what go test says cannot be read:", err)
	}
	switch waitErr := cmd.Wait(); {
	case waitErr != nil:
		os.Exit(max(cmd.ProcessState.ExitCode(), 1))
	case err != nil:
		os.Exit(1)
	case none && skipped > 0:
		fmt.Fprintf(os.Stderr, "error: %d tests were skipped, and none may be here\n", skipped)
		os.Exit(1)
	}
}

// event is what go test -json writes in a line; see go doc test2json.
type event struct{ Action, Package, Test, Output string }

// show prints the results of packages, the output of what failed and the reasons
// of what was skipped, which it counts. A line that is no event is printed as it is.
func show(r io.Reader, w io.Writer) (skipped int, err error) {
	output := map[event]string{} // by package and test
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && line == "" {
			if err == io.EOF {
				err = nil
			}
			return skipped, err
		}
		var e event
		if json.Unmarshal([]byte(line), &e) != nil {
			fmt.Fprint(w, line)
			continue
		}
		of := event{Package: e.Package, Test: e.Test}
		switch e.Action {
		case "output":
			output[of] += e.Output
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "skip":
			if e.Test != "" {
				skipped++
				fmt.Fprintf(w, "skipped: %s %s: %s\n", e.Package, e.Test, reason(output[of]))
			} else {
				fmt.Fprint(w, output[of])
			}
			delete(output, of)
		case "pass":
			if e.Test == "" {
				fmt.Fprint(w, last(output[of]))
			}
			delete(output, of)
		case "fail":
			if e.Test == "" { // a test that never ended has said why
				for other, text := range output {
					if other.Package == e.Package && other.Test != "" {
						fmt.Fprint(w, text)
					}
				}
			}
			fmt.Fprint(w, output[of])
			delete(output, of)
		}
	}
}

// reason is what a test said before it was skipped.
func reason(output string) string {
	var said []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- SKIP") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

// last is the last line: that of the package's result.
func last(output string) string {
	trimmed := strings.TrimSuffix(output, "\n")
	return trimmed[strings.LastIndexByte(trimmed, '\n')+1:] + "\n"
}
