package credentials

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// dockerServer is the key under which docker keeps the credential of Docker
// Hub.
const dockerServer = "https://index.docker.io/v1/"

// Config is one auth file: docker's config.json, podman's auth.json or the old
// .dockercfg.
type Config struct {
	name    string
	exact   map[string]entry  // by the key as written
	hosts   map[string]entry  // by host; URLs and docker.io's aliases are reduced to it
	helpers map[string]string // by key as written
	store   string
	ask     *asker
	broken  []string
}

// entry is a credential, or why it cannot be read.
type entry struct {
	cred Credential
	err  error
}

type configJSON struct {
	Auths       json.RawMessage   `json:"auths"`
	CredHelpers map[string]string `json:"credHelpers"`
	CredsStore  string            `json:"credsStore"`
}

type entryJSON struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// ParseConfig reads an auth file. name is used in errors. run starts credential
// helpers; nil forbids them. A file without the key "auths" whose values are
// entries is read as .dockercfg.
//
// An invalid entry is an error of [Config.Lookup] for its repositories, and
// listed by [Config.Problems].
func ParseConfig(name string, data []byte, run Helper) (*Config, error) {
	var raw configJSON
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("auth file %s: %w", name, jsonError(err))
	}
	c := &Config{
		name: name, exact: map[string]entry{}, hosts: map[string]entry{},
		helpers: raw.CredHelpers, store: raw.CredsStore, ask: newAsker(name, run),
	}
	old := raw.Auths == nil && raw.CredHelpers == nil && raw.CredsStore == ""
	if old {
		raw.Auths = data
	}
	auths, keys, err := inOrder(raw.Auths)
	if err != nil {
		return nil, fmt.Errorf("auth file %s: %w", name, jsonError(err))
	}
	for i, key := range keys {
		cred, err := readEntry(auths[key])
		switch {
		case err != nil && old:
			continue // another setting
		case err != nil: // do not quote the key: it may be a secret in the wrong place
			err = fmt.Errorf("auth file %s: entry %d of %d: %w", name, i+1, len(keys), err)
			c.broken = append(c.broken, err.Error())
		case cred.Anonymous():
			continue // docker writes {} if a helper has the credential
		}
		c.add(key, entry{cred, err})
	}
	return c, nil
}

func (c *Config) add(key string, e entry) {
	c.exact[key] = e
	if host, ok := hostOfKey(key); ok {
		if have, taken := c.hosts[host]; !taken || key == host || have.err != nil && e.err == nil {
			c.hosts[host] = e
		}
	}
}

// Problems lists the invalid entries, by their place in the file.
func (c *Config) Problems() []string { return c.broken }

// inOrder reads a JSON object and returns its keys in the order of the file,
// each once.
func inOrder(data []byte) (values map[string]json.RawMessage, keys []string, err error) {
	if len(data) == 0 {
		return nil, nil, nil
	}
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	seen := map[string]bool{}
	for depth := 0; ; {
		token, err := dec.Token()
		if err != nil {
			return values, keys, nil
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if depth == 1 && !seen[token] {
				if _, is := values[token]; is {
					seen[token] = true
					keys = append(keys, token)
				}
			}
		}
	}
}

func readEntry(data json.RawMessage) (Credential, error) {
	var e entryJSON
	if err := json.Unmarshal(data, &e); err != nil {
		return Credential{}, jsonError(err)
	}
	return e.credential()
}

// jsonError reports where JSON is invalid without quoting any of it.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("invalid JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("wrong type of value at byte %d", kind.Offset)
	}
	return errors.New("invalid JSON")
}

func (e entryJSON) credential() (Credential, error) {
	c := Credential{
		Username: e.Username, Password: e.Password,
		IdentityToken: e.IdentityToken, RegistryToken: e.RegistryToken,
	}
	if e.Auth == "" {
		return c, nil
	}
	var plain []byte
	var err error
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if plain, err = enc.DecodeString(e.Auth); err == nil {
			break
		}
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
	f := c.find(host, repository)
	if f.helper != "" {
		return c.ask.lookup(ctx, f.helper, f.key)
	}
	if f.entry.err != nil {
		return Credential{}, fmt.Errorf("cannot read the credential for %s/%s: %w", host, repository, f.entry.err)
	}
	return f.entry.cred, nil
}

// Renew implements [Renewer]: the next lookup starts the credential helper
// again.
func (c *Config) Renew(host, repository string, refused Credential) {
	if f := c.find(host, repository); f.helper != "" {
		c.ask.renew(f.helper, f.key, refused)
	}
}

// Locate returns which part of the file is used for a repository, such as "auth
// file auth.json, entry quay.io/team", or "".
func (c *Config) Locate(host, repository string) string {
	switch f := c.find(host, repository); {
	case f.helper != "":
		return fmt.Sprintf("auth file %s, credential helper %s for %s", c.name, f.helper, f.key)
	case f.key != "":
		return fmt.Sprintf("auth file %s, entry %s", c.name, f.key)
	}
	return ""
}

// found is the part of a file for a repository.
type found struct {
	key    string // a prefix of host/repository, or the host by another name; "" for nothing
	helper string // "" for an entry
	entry  entry
}

func (c *Config) find(host, repository string) found {
	for key := host + "/" + repository; ; {
		if helper := c.helpers[key]; helper != "" {
			return found{key: key, helper: helper}
		}
		if e, ok := c.exact[key]; ok {
			return found{key: key, entry: e}
		}
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			break
		}
		key = key[:i]
	}
	for _, key := range slices.Sorted(maps.Keys(c.helpers)) {
		if h, ok := hostOfKey(key); ok && h == canonicalHost(host) && c.helpers[key] != "" {
			return found{key: key, helper: c.helpers[key]}
		}
	}
	if e, ok := c.hosts[canonicalHost(host)]; ok {
		return found{key: canonicalHost(host), entry: e}
	}
	if c.store != "" {
		return found{key: host, helper: c.store}
	}
	return found{}
}

// hostOfKey returns the host of a key that stands for a whole host: URLs lose
// their scheme and the API version.
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
