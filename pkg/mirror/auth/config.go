package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dockerServer is the name under which docker keeps the credential of its hub.
const dockerServer = "https://index.docker.io/v1/"

// Config is one auth file: docker's config.json, podman's auth.json or the old
// .dockercfg.
type Config struct {
	name    string
	exact   map[string]Credential // by the key as written
	hosts   map[string]Credential // by host, docker.io's aliases and URLs brought down to it
	helpers map[string]string     // by key as written
	store   string
	run     Helper
}

type configJSON struct {
	Auths       map[string]entryJSON `json:"auths"`
	CredHelpers map[string]string    `json:"credHelpers"`
	CredsStore  string               `json:"credsStore"`
}

type entryJSON struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// ParseConfig reads an auth file. The name is for errors, run starts credential
// helpers and may be nil when none may be started. A file without the key
// "auths" whose values are entries is read as .dockercfg.
func ParseConfig(name string, data []byte, run Helper) (*Config, error) {
	var raw configJSON
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("auth file %s: %w", name, jsonError(err))
	}
	if raw.Auths == nil && raw.CredHelpers == nil && raw.CredsStore == "" {
		old := map[string]json.RawMessage{}
		if err := json.Unmarshal(data, &old); err == nil {
			raw.Auths = oldEntries(old)
		}
	}
	c := &Config{
		name: name, run: run,
		exact: map[string]Credential{}, hosts: map[string]Credential{},
		helpers: raw.CredHelpers, store: raw.CredsStore,
	}
	for _, key := range slices.Sorted(maps.Keys(raw.Auths)) {
		cred, err := raw.Auths[key].credential()
		if err != nil {
			return nil, fmt.Errorf("auth file %s: entry %q: %w", name, key, err)
		}
		if cred.Anonymous() {
			continue // docker writes {} where a helper has the credential
		}
		c.exact[key] = cred
		if host, ok := hostOfKey(key); ok {
			if _, taken := c.hosts[host]; !taken || key == host {
				c.hosts[host] = cred
			}
		}
	}
	return c, nil
}

// oldEntries takes those values of a .dockercfg that look like entries.
func oldEntries(raw map[string]json.RawMessage) map[string]entryJSON {
	out := map[string]entryJSON{}
	for key, value := range raw {
		var e entryJSON
		if json.Unmarshal(value, &e) == nil {
			out[key] = e
		}
	}
	return out
}

// jsonError says where JSON is broken without quoting any of it.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("no valid JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("field %q is of the wrong type", kind.Field)
	}
	return errors.New("no valid JSON")
}

func (e entryJSON) credential() (Credential, error) {
	c := Credential{
		Username: e.Username, Password: e.Password,
		IdentityToken: e.IdentityToken, RegistryToken: e.RegistryToken,
	}
	if e.Auth == "" {
		return c, nil
	}
	plain, err := base64.StdEncoding.DecodeString(e.Auth)
	if err != nil {
		plain, err = base64.RawStdEncoding.DecodeString(e.Auth)
	}
	user, password, ok := strings.Cut(strings.TrimRight(string(plain), "\x00"), ":")
	if err != nil || !ok || user == "" {
		return Credential{}, errors.New(`"auth" is not the base64 form of user:password`)
	}
	c.Username, c.Password = user, password
	return c, nil
}

// Lookup implements [Keychain]. Of the file's credential helpers and entries
// the longest prefix of host/repository, in whole path components, wins; a
// helper wins over an entry of the same key. Then come entries whose host is
// the same one under another name (URLs, docker.io's aliases), then the
// credentials store.
func (c *Config) Lookup(ctx context.Context, host, repository string) (Credential, error) {
	for key := host + "/" + repository; ; {
		if helper, ok := c.helpers[key]; ok && helper != "" {
			return c.ask(ctx, helper, key)
		}
		if cred, ok := c.exact[key]; ok {
			return cred, nil
		}
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			break
		}
		key = key[:i]
	}
	for _, key := range slices.Sorted(maps.Keys(c.helpers)) {
		if h, ok := hostOfKey(key); ok && h == canonicalHost(host) && c.helpers[key] != "" {
			return c.ask(ctx, c.helpers[key], key)
		}
	}
	if cred, ok := c.hosts[canonicalHost(host)]; ok {
		return cred, nil
	}
	if c.store != "" {
		return c.ask(ctx, c.store, host)
	}
	return Credential{}, nil
}

// hostOfKey brings a key that stands for a whole host down to the host: URLs
// lose their scheme and the API version.
func hostOfKey(key string) (string, bool) {
	host := strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host = strings.TrimSuffix(host, "/")
	host = strings.TrimSuffix(strings.TrimSuffix(host, "/v1"), "/v2")
	if host == "" || strings.Contains(host, "/") {
		return "", false
	}
	return canonicalHost(host), true
}

func canonicalHost(host string) string {
	switch host {
	case "index.docker.io", "registry-1.docker.io":
		return "docker.io"
	}
	return host
}
