package main

import (
	"bytes"
	"os"
	"testing"
)

// TestRulesDocument compares docs/rules.md with the rules.
func TestRulesDocument(t *testing.T) {
	const file = "../../docs/rules.md"
	var want bytes.Buffer
	if err := rulesMarkdown(&want); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not current: UPDATE=1 go test ./cmd/mirror-lint", file)
	}
}
