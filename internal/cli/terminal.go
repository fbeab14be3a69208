package cli

import (
	"io"
	"strconv"

	"golang.org/x/term"
)

// Color decides whether output is coloured: "always" and "never" say so; "auto"
// means on a terminal, unless NO_COLOR is set or TERM is dumb, and wherever
// FORCE_COLOR is set.
func Color(env Env, when string) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
	default:
		return false, Usagef("--color %s: use auto, always or never", when)
	}
	if env.Getenv("NO_COLOR") != "" {
		return false, nil
	}
	if env.Getenv("FORCE_COLOR") != "" {
		return true, nil
	}
	return Terminal(env, env.Stdout), nil
}

// Terminal reports whether a stream is a terminal that can be drawn on.
func Terminal(env Env, stream io.Writer) bool {
	f, ok := stream.(interface{ Fd() uintptr })
	return ok && env.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// Width gives how many columns standard output has: what COLUMNS says, else the
// terminal; 0 when it is not a terminal.
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
