package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
)

// plainHandler writes log records as lines for people: "warning: reducing the
// request rate (host quay.io, max_in_flight 8)".
type plainHandler struct {
	w     io.Writer
	attrs []slog.Attr
}

// Enabled implements [slog.Handler].
func (h *plainHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

// Handle implements [slog.Handler].
func (h *plainHandler) Handle(_ context.Context, r slog.Record) error {
	word := "note"
	switch {
	case r.Level >= slog.LevelError:
		word = "error"
	case r.Level >= slog.LevelWarn:
		word = "warning"
	}
	var about []string
	add := func(a slog.Attr) bool {
		about = append(about, a.Key+" "+a.Value.String())
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	line := word + ": " + r.Message
	if len(about) > 0 {
		line += " (" + strings.Join(about, ", ") + ")"
	}
	_, err := fmt.Fprintln(h.w, text.Line(line))
	return err
}

// WithAttrs implements [slog.Handler].
func (h *plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &plainHandler{h.w, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup implements [slog.Handler]; nothing here has groups.
func (h *plainHandler) WithGroup(string) slog.Handler { return h }
