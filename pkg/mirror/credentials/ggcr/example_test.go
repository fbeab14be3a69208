package ggcr_test

import (
	"context"
	"fmt"
	"log"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials/ggcr"
)

// A client of go-containerregistry gets the credential of the longest path that an
// auth file has an entry for.
func ExampleFor() {
	file := `{"auths": {
		"quay.io":          {"username": "everybody", "password": "a"},
		"quay.io/team":     {"username": "robot of team", "password": "b"},
		"quay.io/team/app": {"username": "robot of app", "password": "c"}
	}}`
	config, err := credentials.ParseConfig("auth.json", []byte(file), nil)
	if err != nil {
		log.Fatal(err)
	}
	k := ggcr.For(config) // for remote.WithAuthFromKeychain
	for _, path := range []string{"quay.io/team/app", "quay.io/team/web", "quay.io/other/app", "ghcr.io/team/app"} {
		repo, err := name.NewRepository(path)
		if err != nil {
			log.Fatal(err)
		}
		a, err := k.Resolve(repo)
		if err != nil {
			log.Fatal(err)
		}
		c, err := a.Authorization()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q\n", path, c.Username)
	}
	// Output:
	// quay.io/team/app: "robot of app"
	// quay.io/team/web: "robot of team"
	// quay.io/other/app: "everybody"
	// ghcr.io/team/app: ""
}

// hub knows one credential, as a keychain of another module does.
type hub struct{}

func (hub) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if r.RegistryStr() == "index.docker.io" {
		return &authn.Basic{Username: "me", Password: "secret"}, nil
	}
	return authn.Anonymous, nil
}

// A keychain of go-containerregistry is asked where our own files have nothing.
func ExampleFrom() {
	files, err := credentials.ParseConfig("auth.json", []byte(`{"auths": {"quay.io": {"username": "robot", "password": "a"}}}`), nil)
	if err != nil {
		log.Fatal(err)
	}
	k := credentials.Chain{files, ggcr.From(hub{})} // for registry.Options.Keychain
	for _, host := range []string{"quay.io", "docker.io", "ghcr.io"} {
		c, err := k.Lookup(context.Background(), host, "team/app")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q\n", host, c.Username)
	}
	// Output:
	// quay.io: "robot"
	// docker.io: "me"
	// ghcr.io: ""
}
