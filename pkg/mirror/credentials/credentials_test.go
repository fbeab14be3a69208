package credentials_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mirror/credentials"
)

// file is an auth file in which each key's user name is the key itself.
func file(keys ...string) string {
	auths := map[string]any{}
	for _, k := range keys {
		auths[k] = map[string]string{"username": k, "password": "s3cret"}
	}
	data, _ := json.Marshal(map[string]any{"auths": auths})
	return string(data)
}

// TestLongestPrefix checks the rule of oc and podman: the key with the longest
// prefix in whole path components wins, and no other credential is sent.
func TestLongestPrefix(t *testing.T) {
	for _, tt := range []struct {
		keys       []string
		host, repo string
		want       string
	}{
		{[]string{"quay.io/openshift"}, "quay.io", "other/repo", ""},
		{[]string{"quay.io/openshift", "quay.io/knative"}, "quay.io", "knative/x", "quay.io/knative"},
		{[]string{"quay.io/openshift", "quay.io"}, "quay.io", "openshift/origin", "quay.io/openshift"},
		{[]string{"quay.io/openshift/origin", "quay.io"}, "quay.io", "openshift/origin", "quay.io/openshift/origin"},
		{[]string{"quay.io/a/b", "quay.io/a"}, "quay.io", "a/b/c/d", "quay.io/a/b"},
		{[]string{"quay.io/open"}, "quay.io", "openshift/x", ""},
		{[]string{"quay.io"}, "quay.io:8443", "a/b", ""},
		{[]string{"quay.io:8443"}, "quay.io:8443", "a/b", "quay.io:8443"},
		{[]string{"https://quay.io/v1/"}, "quay.io", "a/b", "https://quay.io/v1/"},
		{[]string{"https://index.docker.io/v1/"}, "docker.io", "library/x", "https://index.docker.io/v1/"},
		{[]string{"docker.io"}, "docker.io", "library/x", "docker.io"},
		{[]string{"docker.io", "https://index.docker.io/v1/"}, "docker.io", "library/x", "docker.io"},
		{[]string{"registry.ci.openshift.org"}, "quay.io", "a/b", ""},
		{nil, "quay.io", "a/b", ""},
	} {
		c, err := credentials.ParseConfig("f", []byte(file(tt.keys...)), nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 { // the result must not depend on the order of maps
			cred, err := c.Lookup(context.Background(), tt.host, tt.repo)
			if err != nil || cred.Username != tt.want {
				t.Errorf("%v asked for %s/%s: %q, %v, want %q", tt.keys, tt.host, tt.repo, cred.Username, err, tt.want)
				break
			}
		}
	}
}

func TestForms(t *testing.T) {
	for name, tt := range map[string]struct {
		data string
		want credentials.Credential
	}{
		"base64":           {`{"auths": {"a.io": {"auth": "dTpwOnE="}}}`, credentials.Credential{Username: "u", Password: "p:q"}},
		"base64, unpadded": {`{"auths": {"a.io": {"auth": "dTpwOnE"}}}`, credentials.Credential{Username: "u", Password: "p:q"}},
		"identity token":   {`{"auths": {"a.io": {"identitytoken": "t"}}}`, credentials.Credential{IdentityToken: "t"}},
		"registry token":   {`{"auths": {"a.io": {"registrytoken": "t"}}}`, credentials.Credential{RegistryToken: "t"}},
		".dockercfg":       {`{"a.io": {"auth": "dTpwOnE="}}`, credentials.Credential{Username: "u", Password: "p:q"}},
		"empty":            {`{}`, credentials.Credential{}},
		"empty entry":      {`{"auths": {"a.io": {}}}`, credentials.Credential{}},
	} {
		c, err := credentials.ParseConfig("f", []byte(tt.data), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := c.Lookup(context.Background(), "a.io", "x"); err != nil || got != tt.want {
			t.Errorf("%s: wrong credential, %v", name, err)
		}
	}
}

// TestErrorsQuoteNothing checks that errors about invalid files have none of
// their secrets.
func TestErrorsQuoteNothing(t *testing.T) {
	for _, data := range []string{
		`{"auths": {"a.io": {"auth": "czNjcmV0"}}}`, `{"auths": {"a.io": "s3cret"}}`, `{"auths": s3cret}`, `s3cret`,
		`{"auths": {"a.io": {"username": 1, "password": "s3cret"}}}`,
	} {
		c, err := credentials.ParseConfig("the-file", []byte(data), nil)
		if err == nil {
			_, err = c.Lookup(t.Context(), "a.io", "x")
		}
		if err == nil {
			t.Errorf("%s was read", data)
			continue
		}
		if text := err.Error(); strings.Contains(text, "s3cret") || strings.Contains(text, "czNjcmV0") || !strings.Contains(text, "the-file") {
			t.Errorf("%s: %s", data, text)
		}
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	c := credentials.Credential{Username: "user", Password: "s3cret", IdentityToken: "s3cret", RegistryToken: "s3cret"}
	j, _ := json.Marshal(c)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c, c, c), fmt.Sprintf("%+v", []credentials.Credential{c}), fmt.Sprintf("%v", &c), string(j)} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "733363726574") {
			t.Errorf("a secret was printed: %s", text)
		}
	}
}

func TestHelpers(t *testing.T) {
	asked := ""
	run := func(_ context.Context, name, server string) ([]byte, error) {
		asked = name + " " + server
		switch name {
		case "none":
			return []byte("credentials not found in native keychain"), errors.New("exit status 1")
		case "broken":
			return []byte("s3cret"), errors.New("exit status 1")
		case "token":
			return []byte(`{"Username": "<token>", "Secret": "t"}`), nil
		}
		return []byte(`{"Username": "u", "Secret": "p"}`), nil
	}
	for _, tt := range []struct {
		data, host, repo string
		want             credentials.Credential
		asked            string
		fails            bool
	}{
		{`{"credHelpers": {"a.io": "good"}}`, "a.io", "x/y", credentials.Credential{Username: "u", Password: "p"}, "good a.io", false},
		{`{"credHelpers": {"a.io/x": "good", "a.io": "none"}}`, "a.io", "x/y", credentials.Credential{Username: "u", Password: "p"}, "good a.io/x", false},
		{`{"credsStore": "token"}`, "docker.io", "x/y", credentials.Credential{IdentityToken: "t"}, "token https://index.docker.io/v1/", false},
		{`{"credHelpers": {"a.io": "none"}}`, "a.io", "x", credentials.Credential{}, "none a.io", false},
		{`{"credHelpers": {"a.io": "broken"}}`, "a.io", "x", credentials.Credential{}, "broken a.io", true},
		{`{"credHelpers": {"a.io": "../evil"}}`, "a.io", "x", credentials.Credential{}, "", true},
	} {
		asked = ""
		c, err := credentials.ParseConfig("f", []byte(tt.data), run)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Lookup(context.Background(), tt.host, tt.repo)
		if got != tt.want || asked != tt.asked || (err != nil) != tt.fails {
			t.Errorf("%s: asked %q, error %v", tt.data, asked, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("a helper's output is quoted: %v", err)
		}
	}
}

func TestOrderOfFiles(t *testing.T) {
	env := func(vars map[string]string) func(string) string { return func(k string) string { return vars[k] } }
	for _, tt := range []struct {
		explicit string
		vars     map[string]string
		want     []string
		required bool
	}{
		{"a.json", map[string]string{"REGISTRY_AUTH_FILE": "b.json", "HOME": "/h"}, []string{"a.json"}, true},
		{"", map[string]string{"REGISTRY_AUTH_FILE": "b.json", "HOME": "/h"}, []string{"b.json"}, true},
		{"", map[string]string{"HOME": "/h"}, []string{"/run/containers/7/auth.json", "/h/.config/containers/auth.json", "/h/.docker/config.json", "/h/.dockercfg"}, false},
		{"", map[string]string{"HOME": "/h", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c", "DOCKER_CONFIG": "/d"},
			[]string{"/r/containers/auth.json", "/c/containers/auth.json", "/d/config.json", "/h/.dockercfg"}, false},
		{"", map[string]string{"HOME": "/h", "XDG_RUNTIME_DIR": "/r", "REGISTRY_AUTH_PREFERENCE": "docker"},
			[]string{"/h/.docker/config.json", "/h/.dockercfg", "/r/containers/auth.json", "/h/.config/containers/auth.json"}, false},
		{"", map[string]string{"REGISTRY_AUTH_FILE": "b.json", "REGISTRY_AUTH_PREFERENCE": "docker"}, []string{"b.json"}, true},
	} {
		got, required := credentials.Files(tt.explicit, env(tt.vars), 7)
		if !slices.Equal(got, tt.want) || required != tt.required {
			t.Errorf("%v: %v %v", tt.vars, got, required)
		}
	}
}

func TestLoadTakesTheFirstFileThatKnows(t *testing.T) {
	files := map[string]string{"one": file("a.io"), "two": file("a.io", "b.io")}
	read := func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return []byte(data), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	k, err := credentials.Load([]string{"absent", "one", "two"}, false, read, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := k.Lookup(context.Background(), "b.io", "x"); err != nil || c.Username != "b.io" {
		t.Errorf("the second file was not asked: %v", err)
	}
	if _, err := credentials.Load([]string{"absent"}, true, read, nil); err == nil {
		t.Error("a file that was asked for and is missing is no error")
	}
}

func TestTokenFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	k := &credentials.TokenFile{Host: "ci.io", Path: path, Read: os.ReadFile, Stat: os.Stat}
	for i, token := range []string{"first", "second"} {
		write(token+"\n", time.Unix(int64(1000+i), 0))
		if c, err := k.Lookup(context.Background(), "ci.io", "x"); err != nil || c.Password != token {
			t.Errorf("token %d: %v", i, err)
		}
	}
	if c, err := k.Lookup(context.Background(), "quay.io", "x"); err != nil || !c.Anonymous() {
		t.Errorf("another host got the token: %v", err)
	}
	write("", time.Unix(2000, 0))
	if _, err := k.Lookup(context.Background(), "ci.io", "x"); err == nil {
		t.Error("an empty token file is no error")
	}
}
