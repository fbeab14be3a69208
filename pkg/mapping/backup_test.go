package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
)

func backup(t *testing.T, text string) *mapping.Backup {
	t.Helper()
	b, err := mapping.ParseBackup(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBackupNames(t *testing.T) {
	d := "sha256:0123456789abcdef" + strings.Repeat("0", 48)
	now := time.Date(2026, 11, 24, 23, 30, 1, 0, time.FixedZone("", -3600))
	for text, want := range map[string]string{
		"{{.Tag}}-previous":                  "latest-previous",
		"{{.Tag}}.{{.Date}}T{{.Time}}":       "latest.20261125T003001",
		"was-{{.Digest}}":                    "was-0123456789ab",
		`{{printf "%.3s" .Tag}}-{{.Digest}}`: "lat-0123456789ab",
	} {
		b := backup(t, text)
		if got, err := b.Name("latest", d, now); got != want || err != nil {
			t.Errorf("%s gives %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                          "an invalid tag",
		"{{.Tag}}":                  "leaves the tag v1 unchanged",
		"previous":                  "the same tag for every image",
		"{{.Date}}":                 "the same tag for every image",
		"{{.Tag}}/old":              "an invalid tag",
		"{{.Tag}} {{":               "cannot be read",
		"{{.Nonsense}}":             "has the unknown field .Nonsense; the fields are .Tag, .Digest, .Date and .Time",
		"{{.Tag.Nonsense}}":         "cannot be used",
		"{{range 9999999}}x{{end}}": "too long",
		"-{{.Tag}}":                 "an invalid tag",
		"{{.Tag}}-ä":                "an invalid tag",
	} {
		if _, err := mapping.ParseBackup(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := backup(t, "{{.Tag}}-previous").Name(strings.Repeat("x", 128), d, now); err == nil {
		t.Error("a tag that is too long was made")
	}
}

// Match is true for every possible backup tag and for no other.
func TestBackupsOfATag(t *testing.T) {
	for text, tags := range map[string]map[string]bool{
		"{{.Tag}}-previous":              {"v1-previous": true, "v2-previous": false, "v1-previous2": false, "v1": false},
		"{{.Tag}}.{{.Date}}T{{.Time}}":   {"v1.20260131T235959": true, "v1.2026013-T235959": false, "v1.nightly": false},
		"was-{{.Digest}}":                {"was-0123456789ab": true, "was-0123456789ag": false, "was-0123456789AB": false, "was-v1": false},
		"{{slice .Digest 0 4}}-{{.Tag}}": {"0a1b-v1": true, "0a1b2-v1": false},
	} {
		names, err := backup(t, text).Names("v1")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for tag, want := range tags {
			if got := names.Match(tag); got != want || got && names.Len() != len(tag) {
				t.Errorf("%s: %s of v1: %v, want %v", text, tag, got, want)
			}
		}
	}
}
