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
		{"each family", "2.0", `  "1.8":
  - "1.8"
  "1.9":
  - "1.9"
  - latest
  "os-1.9":
  - "1.9-os"
  - latest
  "os-1.8":
  - "1.8-os"
  "gone-1.8":
  - "1.8"
  1.9-private:
  - "1.9"
  main:
  - main
`, `  "1.8":
  - "1.8"
  "1.9":
  - "1.9"
  "2.0":
  - "2.0"
  - latest
  "os-1.9":
  - "1.9-os"
  "os-2.0":
  - "2.0-os"
  - latest
  "os-1.8":
  - "1.8-os"
  "gone-1.8":
  - "1.8"
  1.9-private:
  - "1.9"
  "2.0-private":
  - "2.0"
  main:
  - main
`},
		{"some families have the stream", "1.9", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  os-1.8:\n  - \"1.8\"\n  - latest\n",
			"  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  os-1.8:\n  - \"1.8\"\n  os-1.9:\n  - \"1.9\"\n  - latest\n"},
		{"no stream is a version alone", "1.10", "  os-1.9:\n  - \"1.9\"\n  old-1.8:\n  - \"1.8\"\n",
			"  os-1.9:\n  - \"1.9\"\n  os-1.10:\n  - \"1.10\"\n  old-1.8:\n  - \"1.8\"\n"},
		{"another numbering", "1.9", "  \"1.8\":\n  - \"1.8\"\n  base-9.6:\n  - \"9.6\"\n", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  base-9.6:\n  - \"9.6\"\n"},
		{"tags of another family without the version", "1.9", "  \"1.8\":\n  - \"1.8\"\n  - latest\n  os-1.8:\n  - os\n", "  \"1.8\":\n  - \"1.8\"\n  \"1.9\":\n  - \"1.9\"\n  - latest\n  os-1.8:\n  - os\n"},
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
		{"a flow list in one family", "1.9", "  \"1.8\":\n  - \"1.8\"\n  os-1.8: [\"1.8\"]\n", "f:8:3: the list of streams has a format that cannot be edited"},
		{"a newer stream in one family", "1.9", "  \"1.8\":\n  - \"1.8\"\n  os-1.8:\n  - \"1.8\"\n  os-2.0:\n  - \"2.0\"\n", "the stream os-2.0 already exists, and is newer than os-1.9"},
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
