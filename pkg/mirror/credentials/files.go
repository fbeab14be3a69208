package credentials

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Files returns the auth files for an environment, in the order of oc: those of
// podman, then those of docker, or the other way round if
// REGISTRY_AUTH_PREFERENCE is "docker". explicit is the file named by the
// caller, or "". If it or REGISTRY_AUTH_FILE is set, that file is the only one
// and required is true.
func Files(explicit string, getenv func(string) string, uid int) (paths []string, required bool) {
	if explicit != "" {
		return []string{explicit}, true
	}
	if file := getenv("REGISTRY_AUTH_FILE"); file != "" {
		return []string{file}, true
	}
	var podman, docker []string
	home := getenv("HOME")
	if runtime := getenv("XDG_RUNTIME_DIR"); runtime != "" {
		podman = append(podman, filepath.Join(runtime, "containers", "auth.json"))
	} else {
		podman = append(podman, fmt.Sprintf("/run/containers/%d/auth.json", uid))
	}
	if config := getenv("XDG_CONFIG_HOME"); config != "" {
		podman = append(podman, filepath.Join(config, "containers", "auth.json"))
	} else if home != "" {
		podman = append(podman, filepath.Join(home, ".config", "containers", "auth.json"))
	}
	if config := getenv("DOCKER_CONFIG"); config != "" {
		docker = append(docker, filepath.Join(config, "config.json"))
	} else if home != "" {
		docker = append(docker, filepath.Join(home, ".docker", "config.json"))
	}
	if home != "" {
		docker = append(docker, filepath.Join(home, ".dockercfg"))
	}
	if getenv("REGISTRY_AUTH_PREFERENCE") == "docker" {
		return append(docker, podman...), false
	}
	return append(podman, docker...), false
}

// Load reads the auth files into a keychain with the same order. A missing file
// is an error only if required; [Chain.Problems] lists invalid entries.
func Load(paths []string, required bool, read func(string) ([]byte, error), run Helper) (Chain, error) {
	var chain Chain
	for _, path := range paths {
		data, err := read(path)
		if errors.Is(err, fs.ErrNotExist) && !required {
			continue
		}
		if errors.Is(err, fs.ErrPermission) && !required {
			continue // another user's runtime folder
		}
		if err != nil {
			return nil, fmt.Errorf("auth file: %w", err)
		}
		c, err := ParseConfig(path, data, run)
		if err != nil {
			return nil, err
		}
		chain = append(chain, c)
	}
	return chain, nil
}

// TokenFile is a keychain for one host whose token is in a file that somebody
// else rotates, such as the one of a Kubernetes service account. As with "oc
// registry login", the token is the password.
type TokenFile struct {
	Host string
	Path string
	Read func(string) ([]byte, error)
	Stat func(string) (fs.FileInfo, error)

	mu    sync.Mutex
	token string
	mod   time.Time
	size  int64
}

// Locate returns where the token is, for its host.
func (t *TokenFile) Locate(host, _ string) string {
	if canonicalHost(host) != canonicalHost(t.Host) {
		return ""
	}
	return "token file " + t.Path
}

// Lookup implements [Keychain]; it reads the file again when it has changed.
func (t *TokenFile) Lookup(_ context.Context, host, _ string) (Credential, error) {
	if canonicalHost(host) != canonicalHost(t.Host) {
		return Credential{}, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := t.Stat(t.Path)
	if err != nil {
		return Credential{}, fmt.Errorf("token file for %s: %w", t.Host, err)
	}
	if t.token == "" || !info.ModTime().Equal(t.mod) || info.Size() != t.size {
		data, err := t.Read(t.Path)
		if err != nil {
			return Credential{}, fmt.Errorf("token file for %s: %w", t.Host, err)
		}
		t.token, t.mod, t.size = strings.TrimSpace(string(data)), info.ModTime(), info.Size()
		if t.token == "" {
			return Credential{}, fmt.Errorf("token file for %s: %s is empty", t.Host, t.Path)
		}
	}
	return Credential{Username: "serviceaccount", Password: t.token}, nil
}
