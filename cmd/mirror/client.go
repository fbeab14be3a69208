package main

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
)

// runOptions turns flags into what the engine takes.
func (o *options) runOptions(env cli.Env, log *slog.Logger, mode mirror.Mode) (mirror.Options, error) {
	opts := mirror.Options{
		Mode: mode, Force: o.force, SkipMissing: o.skipMissing, SkipMount: o.skipMount,
		Referrers: o.referrers, AllowOverlap: o.allowOverlap, FailFast: o.stopAtFailure(),
		Single: !o.keepManifestList, Lists: !o.noListing && o.verify != "deep", Deep: o.verify == "deep",
	}
	if o.filter != "" {
		re, err := regexp.Compile(o.filter)
		if err != nil {
			return opts, cli.Usagef("--filter-by-os: %w", err)
		}
		if o.filter != ".*" {
			opts.Platform = re.MatchString
		}
	}
	if o.filterGiven && opts.Platform == nil {
		opts.Single = false // a filter that takes everything keeps the index, as with oc
	}
	if opts.Single && opts.Platform == nil {
		return opts, &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("--keep-manifest-list=false needs --filter-by-os"),
			Hint: "name the one platform to keep, such as --filter-by-os=linux/amd64; it does not default to that of this machine"}
	}
	if err := o.protection.apply(&opts); err != nil {
		return opts, err
	}
	if o.attempts < 1 {
		return opts, cli.Usagef("--attempts %d: use a number from 1", o.attempts)
	}
	if o.perImage < 1 || o.perRegistry < 1 {
		return opts, cli.Usagef("--retries-per-image and --retries-per-registry take numbers from 1; --attempts 1 turns retries off")
	}
	client, err := o.client(env, log)
	opts.Client = client
	return opts, err
}

func (o *options) client(env cli.Env, log *slog.Logger) (*registry.Client, error) {
	keychain, err := o.keychain(env)
	if err != nil {
		return nil, err
	}
	return o.clientWith(env, keychain, log)
}

func (o *options) clientWith(env cli.Env, keychain auth.Keychain, log *slog.Logger) (*registry.Client, error) {
	roots, err := o.roots()
	if err != nil {
		return nil, err
	}
	tokens, err := o.apiTokenFiles()
	if err != nil {
		return nil, err
	}
	certificates, err := o.certificates(env, o.pool)
	if err != nil {
		return nil, err
	}
	return registry.New(registry.Options{
		TLS: certificates, MaxBlob: o.maxBlob,
		Listings: registry.Listings{Off: o.noListing, Token: tokens},
		Keychain: keychain, Roots: roots, Proxy: http.ProxyFromEnvironment, Insecure: o.isInsecure, MaxPerHost: o.maxPerRegistry,
		TokenEndpoints: o.tokenEndpoints, Idle: o.idleTimeout, Retry: retry.Policy{Attempts: o.attempts, PerImage: o.perImage, PerHost: o.perRegistry}, UserAgent: "mirror-tools/" + cli.Version(),
		Log: log,
	}), nil
}

// apiTokenFiles finds the token for the API of a host in the files of
// --api-token, which are read when they are needed.
func (o *options) apiTokenFiles() (func(host string) (string, error), error) {
	files := map[string]string{}
	for _, spec := range o.apiTokens {
		host, file, ok := strings.Cut(spec, "=")
		if !ok || host == "" || file == "" {
			return nil, cli.Usagef("--api-token takes HOST=FILE")
		}
		if _, err := os.Stat(file); err != nil {
			return nil, cli.Usagef("--api-token for %s: %w", host, err)
		}
		files[host] = file
	}
	return func(host string) (string, error) {
		if files[host] == "" {
			return "", nil
		}
		data, err := os.ReadFile(files[host])
		return strings.TrimSpace(string(data)), err
	}, nil
}

func (o *options) keychain(env cli.Env) (auth.Keychain, error) {
	var chain auth.Chain
	for _, spec := range o.registryTokens {
		host, file, ok := strings.Cut(spec, "=")
		if !ok || host == "" || file == "" {
			return nil, cli.Usagef("--registry-token takes HOST=FILE")
		}
		if _, err := os.Stat(file); err != nil {
			return nil, cli.Usagef("--registry-token for %s: %w", host, err)
		}
		chain = append(chain, &auth.TokenFile{Host: host, Path: file, Read: os.ReadFile, Stat: os.Stat})
	}
	paths, required := auth.Files(o.registryConfig, env.Getenv, os.Getuid())
	files, err := auth.Load(paths, required, os.ReadFile, auth.Exec(os.Environ()))
	if err != nil {
		return nil, cli.Usagef("%w", err)
	}
	for _, p := range files.Problems() {
		fmt.Fprintf(env.Stderr, "warning: %s: entry ignored; requests that need it fail\n", p)
	}
	return append(chain, files), nil
}

// roots are the system's certificate authorities and those that were named.
func (o *options) roots() (*x509.CertPool, error) {
	if len(o.authorities) == 0 {
		return nil, nil
	}
	return o.pool()
}

// pool is a new pool of these.
func (o *options) pool() (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, file := range o.authorities {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, cli.Usagef("--certificate-authority: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, cli.Usagef("--certificate-authority: %s holds no PEM certificate", file)
		}
	}
	return pool, nil
}
