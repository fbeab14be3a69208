// Package cli has what the three commands share: standard streams, exit codes,
// signals, printing errors.
//
// Conventions: results go to standard output, everything else to standard
// error; an error is one sentence that starts with "error:", in lower case and
// without a full stop, and may be followed by a "hint:" line; a panic is a bug.
// Nothing below this package reads flags, environment, clock or streams.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/suggest"
	"github.com/mirror-tools/mirror-tools/internal/text"
)

// The exit codes of all commands; other programs rely on them.
const (
	ExitOK       = 0 // fine
	ExitFindings = 1 // findings, drift or failed copies
	ExitUsage    = 2 // wrong usage or configuration
	ExitFailed   = 3 // could not do the work
)

// Env is the environment of a command.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// Error is an error with an exit code and, optionally, a hint for the person.
type Error struct {
	Code int
	Err  error // nil: everything has been printed, only the code counts
	Hint string
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Code)
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Exit ends a command with a code and prints nothing.
func Exit(code int) error { return &Error{Code: code} }

// Usagef is an error in the usage or configuration.
func Usagef(format string, args ...any) error {
	return &Error{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// Failf is an error that kept the command from doing its work.
func Failf(format string, args ...any) error {
	return &Error{Code: ExitFailed, Err: fmt.Errorf(format, args...)}
}

// Main runs the command that build makes and ends the process. SIGINT and SIGTERM
// end it at once.
func Main(build func(Env) *cobra.Command) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		fmt.Fprintf(os.Stderr, "error: ended by a signal: %v\n", <-signals)
		os.Exit(ExitFailed)
	}()
	run(context.Background(), build)
}

// MainToEnd runs a command that has to finish its work, and ends the process.
// The command's context is cancelled by SIGINT, SIGTERM and SIGHUP; they stay
// caught until the process ends, because Prow sends one right after the other.
// A third signal ends the process at once.
func MainToEnd(build func(Env) *cobra.Command) {
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctx := watch(signals, func() {
		fmt.Fprintln(os.Stderr, "error: ended at once by a third signal")
		os.Exit(ExitFailed)
	})
	run(ctx, build)
}

func run(ctx context.Context, build func(Env) *cobra.Command) {
	// If SIGPIPE is caught, a write to a closed pipe is an error and does not
	// end the process, so that the reports are still written.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	// Only net/http uses the standard logger: it prints what a server sent after
	// an answer, which may be a credential.
	log.SetOutput(io.Discard)
	env := Env{Stdin: os.Stdin, Stdout: &output{File: os.Stdout}, Stderr: os.Stderr, Getenv: os.Getenv}
	os.Exit(Run(ctx, build(env), env, os.Args[1:]))
}

// Run executes the command with args and returns its exit code. An error that
// is no *Error comes from cobra and means wrong usage.
func Run(ctx context.Context, cmd *cobra.Command, env Env, args []string) int {
	cmd.Version = Version()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetIn(env.Stdin)
	cmd.SetOut(env.Stdout)
	cmd.SetErr(env.Stderr)
	cmd.SetUsageFunc(usage)
	cmd.DisableSuggestions = true // they are hints
	cmd.SetFlagErrorFunc(flagError)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		plainDescriptions(cmd)
		offerWords(cmd)
	}
	called, err := cmd.ExecuteContextC(ctx)
	if out, ok := env.Stdout.(interface{ failure() error }); ok && out.failure() != nil {
		err = Failf("standard output could not be written: %w", out.failure())
	}
	if err == nil {
		return ExitOK
	}
	e := &Error{Code: ExitUsage, Err: err, Hint: "see '" + called.CommandPath() + " --help'"}
	if m := unknownCommand.FindStringSubmatch(err.Error()); m != nil {
		e.Hint = suggest.Hint(m[1], commandNames(called), e.Hint)
	}
	errors.As(err, &e)
	if e.Err != nil {
		// An error may contain a file name that somebody else chose.
		fmt.Fprintf(env.Stderr, "error: %s\n", text.Block(e.Err.Error()))
	}
	if e.Err != nil && e.Hint != "" {
		fmt.Fprintf(env.Stderr, "hint: %s\n", text.Block(e.Hint))
	}
	return e.Code
}

// unknownCommand is cobra's error for an unknown command.
var unknownCommand = regexp.MustCompile(`^unknown command "([^"]*)" for `)

func commandNames(cmd *cobra.Command) []string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(append(names, sub.Name()), sub.Aliases...)
		}
	}
	return names
}

// flagError adds a suggestion to the error of a flag.
func flagError(cmd *cobra.Command, err error) error {
	// The misspelt command is the mistake, not its flags.
	if wrong := cmd.ValidateArgs(cmd.Flags().Args()); wrong != nil && cmd.HasSubCommands() {
		return wrong
	}
	var value *Error // of a flag that takes words
	if errors.As(err, &value) {
		return value
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	near := suggest.Nearest(unknown.GetSpecifiedName(), names)
	if near == "" {
		return err
	}
	return &Error{Code: ExitUsage, Err: err, Hint: "did you mean --" + near + "?"}
}
