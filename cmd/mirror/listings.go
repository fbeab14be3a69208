package main

import (
	"net/url"
	"strings"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// listingFlags has the flags that say which APIs list repositories.
type listingFlags struct {
	noListing    bool
	apiTokens    []string
	imageStreams []string
}

// bind declares the flags.
func (c *listingFlags) bind(f *pflag.FlagSet) {
	f.BoolVar(&c.noListing, "no-listing", false, "check each tag instead of listing whole repositories")
	f.StringArrayVar(&c.apiTokens, "api-token", nil, "token for the API that lists repositories: `HOST=FILE`")
	f.StringArrayVar(&c.imageStreams, "image-streams", nil, "list an OpenShift registry by its API server: `HOST=URL`")
}

// options turns the flags into those of a client.
func (c *listingFlags) options() (registry.Listings, error) {
	tokens, err := c.apiTokenFiles()
	if err != nil {
		return registry.Listings{}, err
	}
	streams, err := c.streamsAPIs(tokens)
	return registry.Listings{Off: c.noListing, Token: tokens, Streams: streams}, err
}

// apiTokenFiles finds the token for the API of a host in the files of
// --api-token, which are read when they are needed.
func (c *listingFlags) apiTokenFiles() (func(host string) (string, error), error) {
	files := map[string]string{}
	for _, spec := range c.apiTokens {
		host, file, err := hostFile("--api-token", spec)
		if err != nil {
			return nil, err
		}
		files[host] = file
	}
	return func(host string) (string, error) {
		if files[host] == "" {
			return "", nil
		}
		data, err := argfile.ReadSmall(files[host])
		return strings.TrimSpace(string(data)), err
	}, nil
}

// streamsAPIs reads --image-streams: the API servers that know the image streams of
// OpenShift registries. The token of --api-token goes there, so that only https is
// good.
func (c *listingFlags) streamsAPIs(token func(host string) (string, error)) (func(host string) *registry.StreamsAPI, error) {
	servers := map[string]*registry.StreamsAPI{}
	for _, spec := range c.imageStreams {
		host, server, ok := strings.Cut(spec, "=")
		if !ok || host == "" || server == "" {
			return nil, cli.Usagef("--image-streams takes HOST=URL")
		}
		at, err := url.Parse(server)
		if err != nil || at.Scheme != "https" || at.Host == "" || at.User != nil || at.RawQuery != "" {
			return nil, cli.Usagef("--image-streams for %s: use the URL of the API server, such as https://api.example.com:6443", host)
		}
		servers[host] = &registry.StreamsAPI{Server: at, Token: func() (string, error) { return token(host) }}
	}
	return func(host string) *registry.StreamsAPI { return servers[host] }, nil
}
