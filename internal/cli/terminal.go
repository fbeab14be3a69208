package cli

import (
	"io"
	"strconv"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// ColorVar declares the flag --color, for [Color].
func ColorVar(f *pflag.FlagSet, p *string, usage string) {
	WordVar(f, p, "color", "auto", usage+": auto, always or never", "auto", "always", "never")
}

// Color reports whether to colour output: always, never, or with "auto" on a
// terminal. For "auto", NO_COLOR and a dumb terminal turn colour off, and
// FORCE_COLOR turns it on.
func Color(env Env, when string) bool {
	switch {
	case when != "auto":
		return when == "always"
	case env.Getenv("NO_COLOR") != "":
		return false
	case env.Getenv("FORCE_COLOR") != "":
		return true
	}
	return Terminal(env, env.Stdout)
}

// Terminal reports whether a stream is a terminal that supports cursor
// movement.
func Terminal(env Env, stream any) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && env.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// PrintPatch prints a patch for git apply, byte for byte. On a terminal, characters
// that would act on it are replaced.
func PrintPatch(env Env, patch string) error {
	if Terminal(env, env.Stdout) {
		patch = text.Block(patch)
	}
	if _, err := io.WriteString(env.Stdout, patch); err != nil {
		return Failf("printing the patch: %w", err)
	}
	return nil
}

// Width returns the number of columns of standard output: COLUMNS, else that of
// the terminal, or 0 if it is not a terminal.
func Width(env Env) int {
	if n, err := strconv.Atoi(env.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := env.Stdout.(interface{ Fd() uintptr }); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}
