package cli_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/mirror-tools/mirror-tools/internal/cli"
)

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		args   []string
		code   int
		stderr string
	}{
		{name: "fine", code: cli.ExitOK},
		{name: "findings", err: cli.Exit(cli.ExitFindings), code: cli.ExitFindings},
		{name: "wrong usage", err: cli.Usagef("no %s", "way"), code: cli.ExitUsage, stderr: "error: no way\n"},
		{name: "could not do it", err: cli.Failf("it broke"), code: cli.ExitFailed, stderr: "error: it broke\n"},
		{name: "a hint", err: &cli.Error{Code: cli.ExitUsage, Err: errors.New("no"), Hint: "yes"}, code: cli.ExitUsage, stderr: "error: no\nhint: yes\n"},
		{name: "an unknown flag", args: []string{"--nonsense"}, code: cli.ExitUsage, stderr: "error: unknown flag: --nonsense\nhint: see 'test --help'\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			cmd := &cobra.Command{Use: "test", RunE: func(*cobra.Command, []string) error { return tt.err }}
			env := cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
			if code := cli.Run(context.Background(), cmd, env, tt.args); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if errs.String() != tt.stderr || out.Len() > 0 {
				t.Errorf("stderr %q, stdout %q", errs.String(), out.String())
			}
		})
	}
}

// A misspelt command is reported as unknown, with and without flags. An error
// about a command's arguments names the command.
func TestMisspelt(t *testing.T) {
	for _, tt := range []struct{ args, stderr string }{
		{"rnu", "error: unknown command \"rnu\" for \"test\"\nhint: did you mean run?\n"},
		{"rnu -f x", "error: unknown command \"rnu\" for \"test\"\nhint: did you mean run?\n"},
		{"elephant", "error: unknown command \"elephant\" for \"test\"\nhint: see 'test --help'\n"},
		{"run --fiel x", "error: unknown flag: --fiel\nhint: did you mean --file?\n"},
		{"run --elephant x", "error: unknown flag: --elephant\nhint: see 'test run --help'\n"},
		{"-f x", "error: unknown shorthand flag: 'f' in -f\nhint: see 'test --help'\n"},
		{"run -f x", "error: unknown shorthand flag: 'f' in -f\nhint: see 'test run --help'\n"},
		{"say", "error: test say needs WORD\nhint: write 'test say WORD [flags]', or see 'test say --help'\n"},
		{"say a b", "error: unexpected argument \"b\": test say takes WORD\nhint: write 'test say WORD [flags]', or see 'test say --help'\n"},
		{"list", "error: test list needs SET\nhint: write 'test list --kind KIND SET... [flags]', or see 'test list --help'\n"},
		{"none a", "error: unexpected argument \"a\": test none takes no arguments\nhint: write 'test none [flags]', or see 'test none --help'\n"},
		{"run x", "error: unknown command \"x\" for \"test run\"\nhint: see 'test run --help'\n"},
	} {
		done := func(*cobra.Command, []string) error { return nil }
		cmd := &cobra.Command{Use: "test", Args: cobra.NoArgs, RunE: done}
		run := &cobra.Command{Use: "run", Args: cobra.NoArgs, RunE: done}
		run.Flags().String("file", "", "")
		cmd.AddCommand(run, &cobra.Command{Use: "say WORD", Args: cli.Args, RunE: done},
			&cobra.Command{Use: "list --kind KIND SET...", Args: cli.Args, RunE: done}, &cobra.Command{Use: "none", Args: cli.Args, RunE: done})
		var errs bytes.Buffer
		env := cli.Env{Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: &errs, Getenv: func(string) string { return "" }}
		if code := cli.Run(context.Background(), cmd, env, strings.Fields(tt.args)); code != cli.ExitUsage || errs.String() != tt.stderr {
			t.Errorf("%s: exit code %d, %q", tt.args, code, errs.String())
		}
	}
}

func TestColor(t *testing.T) {
	for _, tt := range []struct {
		when string
		vars map[string]string
		want bool
	}{
		{"always", map[string]string{"NO_COLOR": "1"}, true},
		{"never", map[string]string{"FORCE_COLOR": "1"}, false},
		{"auto", nil, false}, // not a terminal
		{"auto", map[string]string{"FORCE_COLOR": "1"}, true},
		{"auto", map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false},
	} {
		env := cli.Env{Stdout: &bytes.Buffer{}, Getenv: func(k string) string { return tt.vars[k] }}
		if got := cli.Color(env, tt.when); got != tt.want {
			t.Errorf("%s with %v: %v", tt.when, tt.vars, got)
		}
	}
}

func TestWidth(t *testing.T) {
	for columns, want := range map[string]int{"": 0, "72": 72, "-3": 0, "wide": 0} {
		env := cli.Env{Stdout: &bytes.Buffer{}, Getenv: func(string) string { return columns }}
		if got := cli.Width(env); got != want {
			t.Errorf("COLUMNS=%q: %d columns, want %d", columns, got, want)
		}
	}
}
