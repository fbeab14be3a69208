// Package body reads the bodies of HTTP responses within limits, including
// those that a server compresses unasked.
package body

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// Zipped reports whether a body was compressed by gzip for the transfer.
func Zipped(h http.Header) bool {
	encoding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding")))
	return encoding == "gzip" || encoding == "x-gzip"
}

// ErrTooLong means that an answer has more bytes than may be read.
var ErrTooLong = errors.New("the response is too long")

// Read returns the body of an answer, uncompressed, of at most limit bytes.
func Read(resp *http.Response, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return data, err
	}
	if int64(len(data)) <= limit {
		data = Unzip(resp.Header, data, limit)
	}
	if int64(len(data)) > limit {
		return nil, ErrTooLong
	}
	return data, nil
}

// Unzip returns at most limit+1 bytes of a body, uncompressed if it was
// compressed for the transfer. A body that only claims to be compressed does
// not change.
func Unzip(h http.Header, data []byte, limit int64) []byte {
	if !Zipped(h) || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return data
	}
	plain, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return data
	}
	return plain
}
