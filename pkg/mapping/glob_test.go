package mapping_test

import (
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, reference string
		want               bool
	}{
		{"*:v[0-9]*", "quay.io/org/team/app:v1.2", true},
		{"*:v[0-9]*", "quay.io/org/app:vnext", false},
		{"*:v[0-9]*", "quay.io/org/app:1-v2", false},
		{"*:[0-9]*", "127.0.0.1:5000/app:latest", false}, // the port is not a tag
		{"*:*", "127.0.0.1:5000/app:latest", true},
		{"quay.io/org/*:latest", "quay.io/org/a/b:latest", true},
		{"quay.io/org/*:latest", "quay.io/other/a:latest", false},
		{"org/*:latest", "quay.io/org/a:latest", true}, // without the registry
		{"app:latest", "quay.io/org/app:latest", false},
		{"*/app:latest", "quay.io/org/app:latest", true},
		{"docker.io/library/app:1", "app:1", true},
		{"*:v?", "quay.io/org/app:v1", true},
		{"*:v?", "quay.io/org/app:v10", false},
		{"*:[^v]*", "quay.io/org/app:latest", true},
		{`*:v1\*`, "quay.io/org/app:v11", false},
		{"host.io:5000/*:1", "host.io:5000/a:1", true},
	} {
		g, err := mapping.ParseGlob(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		file := mapping.Parse("f", []byte("a.io/b:1 "+tt.reference+"\n"))
		for pair := range file.Pairs() {
			if got := g.Match(pair.Destination); got != tt.want || g.String() != tt.pattern {
				t.Errorf("%s and %s: %v, want %v", g, tt.reference, got, tt.want)
			}
		}
	}
	untagged := mapping.Reference{Registry: "quay.io", Repository: "org/app", Digest: "sha256:0"}
	if g, _ := mapping.ParseGlob("*:*"); g.Match(untagged) {
		t.Error("*:* matches a reference without a tag")
	}
	for pattern, want := range map[string]string{
		"": "has no tag", "*": "has no tag", "v1": "has no tag", "quay.io/org/app": "has no tag", "host:5000/app": "has no tag",
		":v1": "has no tag", "app:": "has no tag", "*:[0-9": "check its brackets", "[:x": "check its brackets", `a:b\`: "check its brackets",
	} {
		if _, err := mapping.ParseGlob(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", pattern, err, want)
		}
	}
}
