// Package ggcr joins the keychains of package credentials with those of
// go-containerregistry, both ways: [From] makes one of its keychains usable for
// mirroring, and [For] gives ours, with the longest matching path, several files,
// helpers and token files, to its clients.
package ggcr

import (
	"context"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

// dockerHub is Docker Hub's name in go-containerregistry.
const dockerHub = "index.docker.io"

// From makes a [credentials.Keychain] of one of go-containerregistry. It is asked by the
// whole repository, with Docker Hub as "index.docker.io".
func From(k authn.Keychain) credentials.Keychain { return from{k} }

type from struct{ keychain authn.Keychain }

// Lookup implements [credentials.Keychain].
func (f from) Lookup(ctx context.Context, host, repository string) (credentials.Credential, error) {
	if host == "docker.io" {
		host = dockerHub
	}
	a, err := authn.Resolve(ctx, f.keychain, resource{host, repository})
	if err != nil {
		return credentials.Credential{}, err
	}
	c, err := authn.Authorization(ctx, a)
	if err != nil {
		return credentials.Credential{}, err
	}
	return credentials.Credential{Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken}, nil
}

// resource is a repository as go-containerregistry names it.
type resource struct{ host, repository string }

func (r resource) String() string      { return r.host + "/" + r.repository }
func (r resource) RegistryStr() string { return r.host }

// For makes a keychain of go-containerregistry of one of ours. What it resolves is
// anonymous where there is no credential.
func For(k credentials.Keychain) authn.Keychain { return forKeychain{k} }

type forKeychain struct{ keychain credentials.Keychain }

// Resolve implements [authn.Keychain].
func (f forKeychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return f.ResolveContext(context.Background(), r)
}

// ResolveContext implements [authn.ContextKeychain].
func (f forKeychain) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	host, repository := r.RegistryStr(), ""
	if name := r.String(); len(name) > len(host) && name[:len(host)] == host && name[len(host)] == '/' {
		repository = name[len(host)+1:]
	}
	if host == dockerHub {
		host = "docker.io"
	}
	c, err := f.keychain.Lookup(ctx, host, repository)
	if err != nil {
		return nil, err
	}
	if c.Anonymous() {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: c.Username, Password: c.Password, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken}), nil
}
