package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// Helper starts the credential helper name ("docker-credential-" + name), writes
// server to its standard input and returns its standard output.
type Helper func(ctx context.Context, name, server string) ([]byte, error)

// Exec is the [Helper] that runs the program with env as its environment.
func Exec(env []string) Helper {
	return func(ctx context.Context, name, server string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "docker-credential-"+name, "get")
		cmd.Env = env
		cmd.Stdin = strings.NewReader(server)
		var out bytes.Buffer
		cmd.Stdout = &out
		err := cmd.Run()
		return out.Bytes(), err
	}
}

// ask gets the credential for key from a helper. Helpers answer JSON with
// Username and Secret; the user name "<token>" marks an identity token. Their
// output is never quoted.
func (c *Config) ask(ctx context.Context, helper, key string) (Credential, error) {
	if c.run == nil {
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q for %s may not be started here", c.name, helper, key)
	}
	if strings.ContainsAny(helper, `/\`) {
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q is not a name", c.name, helper)
	}
	server := key
	if host, ok := hostOfKey(key); ok && host == "docker.io" {
		server = dockerServer
	}
	out, err := c.run(ctx, helper, server)
	if err != nil {
		if strings.Contains(string(out), "credentials not found") {
			return Credential{}, nil
		}
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q failed for %s: %w", c.name, helper, key, err)
	}
	var answer struct{ Username, Secret string }
	if err := json.Unmarshal(out, &answer); err != nil {
		return Credential{}, fmt.Errorf("auth file %s: credential helper %q for %s: %w", c.name, helper, key, jsonError(err))
	}
	if answer.Username == "<token>" {
		return Credential{IdentityToken: answer.Secret}, nil
	}
	return Credential{Username: answer.Username, Password: answer.Secret}, nil
}
