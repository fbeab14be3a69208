package cli

import (
	"os"
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
	f, ok := env.Stdout.(*os.File)
	return ok && env.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd())), nil
}

// Width gives how many columns standard output has: what COLUMNS says, else the
// terminal; 0 when it is none.
func Width(env Env) int {
	if n, err := strconv.Atoi(env.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	if f, ok := env.Stdout.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}
