package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/progress"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// speak lets a voice say one thing of each kind.
func speak(t *testing.T, format string) []string {
	t.Helper()
	var b bytes.Buffer
	v := newVoice(cli.Env{Stderr: &b}, format)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	v.problem(source.Problem{Pos: source.Position{File: "mapping_a", Line: 2, Column: 3}, Message: "it is wrong", Hint: "mend it"})
	v.beat(progress.Snapshot{State: mirror.State{Total: 9, Done: 3, Working: 1, Longest: "a.io/b:1", Since: now}, At: now})
	v.errors(errors.Join(errors.New("one"), errors.New("two")))
	v.log.Warn("three", "host", "a.io")
	v.entry(mirror.Entry{File: "x/mapping_a", Source: "a.io/b:1", Destination: "c.io/d:1", Outcome: mirror.Failed, Error: "no", Cause: mirror.CauseOther, Retries: 2, Seconds: 1.5})
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// Prow highlights "error:" at the start of a line, and "level":"error".
func TestVoice(t *testing.T) {
	want := []string{
		"error: mapping_a:2:3: it is wrong", "hint: mend it", "3 of 9 images done, 1 running, the longest a.io/b:1 (0 s)",
		"error: one", "error: two", "warning: three (host a.io)", "error: failed (set mapping_a, ",
	}
	got := speak(t, "text")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(got), len(want), got)
	}
	for i, line := range got {
		if !strings.Contains(line, want[i]) || strings.HasPrefix(want[i], "error:") != strings.HasPrefix(line, "error:") {
			t.Errorf("line %d is %q, want %q", i, line, want[i])
		}
	}
}

func TestVoiceAsJSON(t *testing.T) {
	want := []string{
		`"level":"error","msg":"it is wrong","file":"mapping_a","line":2,"column":3,"hint":"mend it"`,
		`"level":"info","msg":"running","done":3,"total":9,"working":1,"bytes":0,"longest":"a.io/b:1"`,
		`"level":"error","msg":"one"`, `"level":"error","msg":"two"`, `"level":"warn","msg":"three","host":"a.io"`,
		`"level":"error","msg":"failed","set":"mapping_a","src":"a.io/b:1","dst":"c.io/d:1","digest":"","attempt":3,"bytes":0,"duration":1.5,"error":"no","cause":"other"}`,
	}
	got := speak(t, "json")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(got), len(want), got)
	}
	for i, line := range got {
		if !json.Valid([]byte(line)) || !strings.Contains(line, want[i]) {
			t.Errorf("line %d is %s, want %s", i, line, want[i])
		}
	}
}
