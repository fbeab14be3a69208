package body

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	zip := func(s string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, s)
		z.Close()
		return b.String()
	}
	for name, tt := range map[string]struct {
		encoding, body, want string
		err                  error
	}{
		"plain":                    {"", "text", "text", nil},
		"gzip":                     {"gzip", zip("text"), "text", nil},
		"x-gzip":                   {"X-GZip", zip("text"), "text", nil},
		"no gzip in spite of it":   {"gzip", "text", "text", nil},
		"gzip that is cut":         {"gzip", zip("text")[:12], zip("text")[:12], nil},
		"as long as is allowed":    {"", strings.Repeat("x", 40), strings.Repeat("x", 40), nil},
		"too long":                 {"", strings.Repeat("x", 41), "", ErrTooLong},
		"too long when it is read": {"gzip", zip(strings.Repeat("x", 1<<20)), "", ErrTooLong},
	} {
		limit := int64(40)
		if strings.Contains(name, "when it is read") {
			limit = 1 << 15
		}
		resp := &http.Response{Header: http.Header{"Content-Encoding": {tt.encoding}}, Body: io.NopCloser(strings.NewReader(tt.body))}
		got, err := Read(resp, limit)
		if string(got) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %.50q, %v; want %.50q, %v", name, got, err, tt.want, tt.err)
		}
	}
}
