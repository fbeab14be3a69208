package credentials

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Helper starts the credential helper name ("docker-credential-" + name), writes
// server to its standard input and returns its standard output. An error may be a
// [*HelperError].
type Helper func(ctx context.Context, name, server string) ([]byte, error)

// HelperError is the failure of a credential helper, with what it wrote to its
// standard error.
type HelperError struct {
	Err    error
	Stderr string
}

func (e *HelperError) Error() string {
	if e.Stderr == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + e.Stderr
}

func (e *HelperError) Unwrap() error { return e.Err }

const (
	helperTime = time.Minute     // for one answer
	killTime   = 2 * time.Second // for processes that a helper has started, after its end
	maxHelper  = 64 << 10        // bytes of each of its outputs
)

// Exec returns a [Helper] that runs the program with env as its environment.
// The program and the processes that it has started end with the context, and
// after a minute.
func Exec(env []string) Helper {
	return func(ctx context.Context, name, server string) ([]byte, error) {
		limited, cancel := context.WithTimeoutCause(ctx, helperTime, errors.New("no response within a minute"))
		defer cancel()
		cmd := exec.CommandContext(limited, "docker-credential-"+name, "get") // #nosec G204 -- the auth file of the user names the helper
		cmd.Env = env
		cmd.Stdin = strings.NewReader(server)
		out, errs := &limitedBuffer{}, &limitedBuffer{}
		cmd.Stdout, cmd.Stderr = out, errs
		cmd.WaitDelay = killTime // a child may hold the pipes
		killGroup(cmd)
		err := cmd.Run()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case limited.Err() != nil:
			err = context.Cause(limited)
		case errors.Is(err, exec.ErrWaitDelay): // it succeeded, but left a process that holds its pipes
			err = nil
		}
		if err != nil {
			return out.data.Bytes(), &HelperError{err, text.Short(errs.data.String(), 300)}
		}
		return out.data.Bytes(), nil
	}
}

// limitedBuffer keeps the first bytes that are written to it.
type limitedBuffer struct{ data bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	b.data.Write(p[:min(len(p), maxHelper-b.data.Len())])
	return len(p), nil
}

// asker runs credential helpers, each once for a key, and again after its
// credential was refused.
type asker struct {
	file    string
	run     Helper // nil: helpers are forbidden
	answers flight.Group[question, Credential]

	mu     sync.Mutex
	rounds map[question]int // by question of round 0
}

type question struct {
	helper, key string
	round       int
}

func newAsker(file string, run Helper) *asker {
	a := &asker{file: file, run: run, rounds: map[question]int{}}
	a.answers.Forget = ended
	return a
}

// endedError means that the caller did not wait for the answer.
type endedError struct{ cause error }

func (e *endedError) Error() string { return e.cause.Error() }
func (e *endedError) Unwrap() error { return e.cause }

func ended(err error) bool {
	var e *endedError
	return errors.As(err, &e)
}

func (a *asker) current(helper, key string) question {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := question{helper: helper, key: key}
	q.round = a.rounds[q]
	return q
}

func (a *asker) lookup(ctx context.Context, helper, key string) (Credential, error) {
	return a.answers.DoShared(ctx, a.current(helper, key), func(err error) bool { return !ended(err) }, func() (Credential, error) {
		return a.start(ctx, helper, key)
	})
}

// renew makes the helper run again if its last credential was refused and
// differs from the one before.
func (a *asker) renew(helper, key string, refused Credential) {
	q := a.current(helper, key)
	last := a.answers.Peek(q)
	if last != refused || q.round > 0 && a.answers.Peek(question{helper, key, q.round - 1}) == last {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rounds[question{helper: helper, key: key}] = q.round + 1
}

// start gets the credential for key from a helper. Helpers print JSON with
// Username and Secret; the user name "<token>" marks an identity token. Errors
// never quote their output; they quote their standard error without secrets.
func (a *asker) start(ctx context.Context, helper, key string) (Credential, error) {
	if a.run == nil {
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q for %s must not be started here", a.file, helper, key)
	}
	if strings.ContainsAny(helper, `/\`) {
		return Credential{}, fmt.Errorf("auth file %s: invalid credential helper name %q", a.file, helper)
	}
	server := key
	if host, ok := hostOfKey(key); ok && host == "docker.io" {
		server = dockerServer
	}
	out, err := a.run(ctx, helper, server)
	var answer struct{ Username, Secret string }
	answerErr := json.Unmarshal(out, &answer)
	switch {
	case err != nil && ctx.Err() != nil:
		return Credential{}, &endedError{context.Cause(ctx)}
	case err != nil && strings.Contains(string(out), "credentials not found"):
		return Credential{}, nil
	case err != nil:
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q failed for %s: %w", a.file, helper, key, withoutSecrets(err, out, answer.Secret))
	case answerErr != nil:
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q for %s: %w", a.file, helper, key, jsonError(answerErr))
	}
	if answer.Username == "<token>" {
		return Credential{IdentityToken: answer.Secret}, nil
	}
	return Credential{Username: answer.Username, Password: answer.Secret}, nil
}

// withoutSecrets removes from a helper's standard error what it wrote to its
// output, where the secret is.
func withoutSecrets(err error, out []byte, secret string) error {
	var failed *HelperError
	if !errors.As(err, &failed) {
		return err
	}
	var secrets Secrets
	secrets.Learn(secret, strings.TrimSpace(string(out)))
	secrets.Learn(strings.Fields(string(out))...)
	return &HelperError{failed.Err, secrets.Scrub(failed.Stderr)}
}
