package credentials_test

import (
	"context"
	"fmt"
	"log"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

// The entry with the longest path wins, and no verb prints a password.
func ExampleConfig_Lookup() {
	config, err := credentials.ParseConfig("auth.json", []byte(`{"auths": {
		"quay.io":      {"username": "everybody", "password": "a"},
		"quay.io/team": {"username": "team+robot", "password": "b"}
	}}`), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, repository := range []string{"team/app", "other/app"} {
		c, err := config.Lookup(context.Background(), "quay.io", repository)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s %v\n", repository, c.Username, c)
	}
	// Output:
	// team/app: team+robot (credential)
	// other/app: everybody (credential)
}
