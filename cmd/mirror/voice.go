package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/progress"
	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// voice writes the messages of a run to standard error: plain lines, or a JSON
// object for each with --log-format json.
type voice struct {
	w    *redirect
	log  *slog.Logger
	json bool
}

func newVoice(env cli.Env, format string) *voice {
	v := &voice{w: &redirect{w: env.Stderr}, json: format == "json"}
	opts := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: lowerLevel}
	if v.json {
		v.log = slog.New(slog.NewJSONHandler(text.EscapingJSON{W: v.w}, opts))
	} else {
		v.log = slog.New(&plainHandler{w: v.w})
	}
	return v
}

// lowerLevel writes levels as Prow's build log highlights them.
func lowerLevel(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.LevelKey {
		a.Value = slog.StringValue(strings.ToLower(a.Value.String()))
	}
	return a
}

// errors prints an error; one that joins several is printed line by line, so
// that each line begins with "error:".
func (v *voice) errors(err error) {
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSuffix(line, "\n"); v.json {
			v.log.Error(line)
		} else {
			text.Fprintf(v.w, "error: %s\n", line)
		}
	}
}

// problem prints a problem of a mapping file.
func (v *voice) problem(p source.Problem) {
	if v.json {
		level := map[source.Severity]slog.Level{source.Error: slog.LevelError, source.Warning: slog.LevelWarn}[p.Severity]
		v.log.Log(context.Background(), level, p.Message, "file", p.Pos.File, "line", p.Pos.Line, "column", p.Pos.Column, "hint", p.Hint)
		return
	}
	text.Fprintf(v.w, "%s: %v\n", p.Severity, p)
	if p.Hint != "" {
		text.Fprintf(v.w, "hint: %s\n", p.Hint)
	}
}

// entry logs a finished destination. The keys are stable.
func (v *voice) entry(e mirror.Entry) {
	level := slog.LevelInfo
	if e.Bad() {
		level = slog.LevelError
	}
	attrs := []any{
		"set", runreport.Set(e), "src", e.Source, "dst", e.Destination, "digest", e.Digest,
		"attempt", e.Retries + 1, "bytes", e.Bytes, "duration", e.Seconds,
	}
	if e.Bad() {
		attrs = append(attrs, "error", runreport.Told(e), "cause", e.Cause)
	}
	v.log.Log(context.Background(), level, string(e.Outcome), attrs...)
}

// beat prints the progress if there is no live area.
func (v *voice) beat(s progress.Snapshot) {
	if v.json {
		v.log.Info("running", "done", s.Done, "total", s.Total, "working", s.Working, "bytes", s.Sent, "longest", s.Longest)
		return
	}
	fmt.Fprintf(v.w, "%s\n", s.Line())
}

// redirect is a writer whose destination can be changed: to above a live area,
// and back.
type redirect struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements [io.Writer].
func (r *redirect) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.w.Write(p)
}

func (r *redirect) to(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.w = w
}
