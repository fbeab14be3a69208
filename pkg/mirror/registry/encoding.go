package registry

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// zipped reports whether a registry compressed a body for the way, although it
// was asked not to.
func zipped(h http.Header) bool {
	encoding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding")))
	return encoding == "gzip" || encoding == "x-gzip"
}

var errTooLong = errors.New("the answer is too long")

// readAll reads an answer of at most limit bytes, uncompressed.
func readAll(resp *http.Response, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return body, err
	}
	if int64(len(body)) <= limit {
		body = unzipped(resp.Header, body, limit)
	}
	if int64(len(body)) > limit {
		return nil, errTooLong
	}
	return body, nil
}

// unzipped gives a body as it was meant: uncompressed where a registry compressed
// it, up to limit+1 bytes. A body that only claims to be compressed stays as it is.
func unzipped(h http.Header, body []byte, limit int64) []byte {
	if !zipped(h) || !bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		return body
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	plain, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return body
	}
	return plain
}
