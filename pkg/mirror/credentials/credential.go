package credentials

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Credential is a credential for one repository of a registry. The zero value
// stands for anonymous access.
type Credential struct {
	Username string
	Password string
	// IdentityToken is an OAuth2 refresh token; it is sent to the registry's
	// token endpoint instead of the password.
	IdentityToken string
	// RegistryToken is a bearer token that is sent to the registry unchanged.
	RegistryToken string
}

// Anonymous reports whether there is no credential.
func (c Credential) Anonymous() bool { return c == Credential{} }

// Format prints "(credential)" or "(anonymous)" for every verb and flag.
func (c Credential) Format(s fmt.State, _ rune) { io.WriteString(s, c.String()) }

// String returns "(credential)" or "(anonymous)", and nothing of the secret.
func (c Credential) String() string {
	if c.Anonymous() {
		return "(anonymous)"
	}
	return "(credential)"
}

// MarshalText keeps the secret out of JSON and similar formats.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue keeps the secret out of logs.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Keychain finds the credential for a repository.
type Keychain interface {
	// Lookup returns the credential for repository (a path such as
	// "openshift/origin-cli") on host (such as "quay.io" or "127.0.0.1:5000",
	// "docker.io" for Docker Hub), or the zero Credential without one. An
	// error means that a credential exists but cannot be read.
	Lookup(ctx context.Context, host, repository string) (Credential, error)
}

// Chain is a list of keychains, of which the first one with a credential is
// used.
type Chain []Keychain

// Lookup implements [Keychain].
func (c Chain) Lookup(ctx context.Context, host, repository string) (Credential, error) {
	for _, k := range c {
		cred, err := k.Lookup(ctx, host, repository)
		if err != nil || !cred.Anonymous() {
			return cred, err
		}
	}
	return Credential{}, nil
}

// Renewer is a [Keychain] that caches credentials.
type Renewer interface {
	Keychain
	// Renew forgets a credential that a registry refused, so that the next
	// Lookup reads it again.
	Renew(host, repository string, refused Credential)
}

// Renew implements [Renewer] for the keychains that cache credentials.
func (c Chain) Renew(host, repository string, refused Credential) {
	for _, k := range c {
		if r, ok := k.(Renewer); ok {
			r.Renew(host, repository, refused)
		}
	}
}

// Locate returns where the credential for a repository comes from, as far as
// the keychains know it, or "".
func (c Chain) Locate(host, repository string) string {
	for _, k := range c {
		if l, ok := k.(interface {
			Locate(host, repository string) string
		}); ok {
			if where := l.Locate(host, repository); where != "" {
				return where
			}
		}
	}
	return ""
}

// Problems lists the invalid entries of the keychains.
func (c Chain) Problems() []string {
	var out []string
	for _, k := range c {
		if p, ok := k.(interface{ Problems() []string }); ok {
			out = append(out, p.Problems()...)
		}
	}
	return out
}
