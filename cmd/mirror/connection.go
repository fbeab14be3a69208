package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// connection has the flags that say how to reach registries: credentials, TLS,
// limits and retries.
type connection struct {
	listingFlags

	attempts       int
	perImage       int64
	perRegistry    int64
	maxPerRegistry int
	idleTimeout    time.Duration
	maxBlob        int64

	registryConfig string
	registryTokens []string
	tokenEndpoints []string

	trust
}

// bind declares the flags.
func (c *connection) bind(f *pflag.FlagSet) {
	c.listingFlags.bind(f)

	f.IntVar(&c.maxPerRegistry, "max-per-registry", 0, fmt.Sprintf(
		"parallel requests per registry (default: adapts, %d-%d)", throttle.DefaultStart, throttle.DefaultMaxPerHost))
	policy := retry.Policy{}.WithDefaults()
	f.IntVar(&c.attempts, "attempts", policy.Attempts, "attempts per request (429 and 503 have their own limit)")
	f.Int64Var(&c.perImage, "retries-per-image", policy.PerImage, "retries per image beyond its successful requests")
	f.Int64Var(&c.perRegistry, "retries-per-registry", policy.PerHost, "retries per registry beyond its successful requests")
	f.DurationVar(&c.idleTimeout, "idle-timeout", throttle.DefaultIdle, "abort a transfer that makes no progress for this time")

	f.StringVarP(&c.registryConfig, "registry-config", "a", "", "auth `FILE` (default: that of podman or docker)")
	f.StringArrayVar(&c.registryTokens, "registry-token", nil, "registry token from a file, reread on change: `HOST=FILE`")
	f.StringArrayVar(&c.tokenEndpoints, "token-endpoint", nil, "also send credentials to token endpoints on this `HOST`")
	c.trust.bind(f)
	f.Int64Var(&c.maxBlob, "max-blob-bytes", registry.DefaultMaxBlob, "fail images with a blob larger than this")
}

func (c *connection) client(env cli.Env, keychain credentials.Keychain, log *slog.Logger) (*registry.Client, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	listings, err := c.listingFlags.options()
	if err != nil {
		return nil, err
	}
	for _, host := range c.tokenEndpoints {
		if u, err := url.Parse("https://" + host); err != nil || u.Host != host || u.Hostname() == "" {
			return nil, cli.Usagef("--token-endpoint %s: name a HOST or HOST:PORT, without https:// and path", host)
		}
	}
	certificates, err := c.certificates(env, c.pool)
	if err != nil {
		return nil, err
	}
	return registry.New(registry.Options{
		TLS: certificates, MaxBlob: c.maxBlob,
		Listings: listings,
		Keychain: keychain, Roots: roots, Proxy: http.ProxyFromEnvironment, Insecure: c.isInsecure, MaxPerHost: c.maxPerRegistry,
		TokenEndpoints: c.tokenEndpoints, Idle: c.idleTimeout, Retry: retry.Policy{Attempts: c.attempts, PerImage: c.perImage, PerHost: c.perRegistry}, UserAgent: "mirror-tools/" + cli.Version(),
		Log: log,
	}), nil
}

// numbers checks the flags that take numbers.
func (c *connection) numbers() error {
	switch {
	case c.attempts < 1:
		return cli.Usagef("--attempts %d: it must be at least 1", c.attempts)
	case c.perImage < 1 || c.perRegistry < 1:
		return cli.Usagef("--retries-per-image and --retries-per-registry must be at least 1; --attempts 1 turns retries off")
	case c.maxBlob < 1:
		return cli.Usagef("--max-blob-bytes %d: it must be at least 1", c.maxBlob)
	}
	return notNegative("--idle-timeout", c.idleTimeout)
}

// hostFile splits a flag's value HOST=FILE; the file has to exist.
func hostFile(flag, value string) (host, file string, err error) {
	host, file, _ = strings.Cut(value, "=")
	if host == "" || file == "" {
		return "", "", cli.Usagef("%s takes HOST=FILE", flag)
	}
	if _, err := os.Stat(file); err != nil {
		return "", "", cli.Usagef("%s for %s: %w", flag, host, err)
	}
	return host, file, nil
}

func (c *connection) keychain(env cli.Env) (credentials.Chain, error) {
	var chain credentials.Chain
	for _, spec := range c.registryTokens {
		host, file, err := hostFile("--registry-token", spec)
		if err != nil {
			return nil, err
		}
		chain = append(chain, &credentials.TokenFile{Host: host, Path: file, Read: argfile.ReadSmall, Stat: os.Stat})
	}
	paths, required := credentials.Files(c.registryConfig, env.Getenv, os.Getuid())
	files, err := credentials.Load(paths, required, argfile.ReadSmall, credentials.Exec(os.Environ()))
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	for _, p := range files.Problems() {
		text.Fprintf(env.Stderr, "warning: %s: entry ignored; requests that need it fail\n", p)
	}
	return append(chain, files), nil
}
