package mapgen_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirror-tools/mirror-tools/pkg/mapgen"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

func TestBump(t *testing.T) {
	for _, tt := range []struct{ name, version, before, after string }{
		{"the next version", "1.10", `  # old
  "1.8":
  - "1.8"
  "1.9":
  - "1.9"
  - "1.9.0"
  - latest # moves
`, `  # old
  "1.8":
  - "1.8"
  "1.9":
  - "1.9"
  - "1.9.0"
  "1.10":
  - "1.10"
  - "1.10.0"
  - latest
`},
		{"latest is elsewhere", "1.10", "  '1.8':\n    - '1.8'\n    - latest\n  '1.9':\n    - '1.9'\n    - v1.9-x\n  other:\n    - other\n",
			"  '1.8':\n    - '1.8'\n  '1.9':\n    - '1.9'\n    - v1.9-x\n  '1.10':\n    - '1.10'\n    - v1.10-x\n    - latest\n  other:\n    - other\n"},
		{"the stream is there", "1.9", "  \"1.8\":\n  - \"1.8\"\n  - latest\n  \"1.9\":\n  - \"1.9\"\n", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  - latest\n"},
		{"nothing to do", "1.9", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  - latest\n", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  - latest\n"},
		{"no newline at the end", "1.9", "  \"1.8\":\n  - \"1.8\"", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mapgen.Bump(release.ParseMappingConfig("f", []byte(config+tt.before)), tt.version)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(config+tt.after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, tt := range []struct{ name, version, before, want string }{
		{"no version", "latest", "  \"1.8\":\n  - \"1.8\"\n", "is not a version"},
		{"an older version", "1.8", "  \"1.9\":\n  - \"1.9\"\n", "f:6:3: the stream 1.9 already exists, and is newer than 1.8"},
		{"a flow list", "1.9", "  \"1.8\": [\"1.8\", latest]\n", "cannot be edited"},
		{"a wrong file", "1.9", "  \"1.8\": x\n", "must be a list"},
		{"no stream of a version", "1.9", "  main:\n  - main\n", "the file has no stream with a version before 1.9"},
		{"tags without the version", "1.9", "  \"1.8\":\n  - stable\n", "no tag of the stream 1.8 contains its version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mapgen.Bump(release.ParseMappingConfig("f", []byte(config+tt.before)), tt.version)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
