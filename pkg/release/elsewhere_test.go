package release

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestContains(t *testing.T) {
	const word = "image-mirror-mappings"
	for _, length := range []int{0, 1, 64<<10 - 5, 64 << 10, 64<<10 + 5, 200 << 10} {
		text := strings.Repeat("x", length)
		for name, reader := range map[string]func(string) io.Reader{
			"whole":   func(s string) io.Reader { return strings.NewReader(s) },
			"halves":  func(s string) io.Reader { return iotest.HalfReader(strings.NewReader(s)) },
			"dataErr": func(s string) io.Reader { return iotest.DataErrReader(strings.NewReader(s)) },
		} {
			if found, err := contains(reader(text+word+"y"), []string{"other", word}); !found || err != nil {
				t.Errorf("%s, behind %d bytes: found %t, %v", name, length, found, err)
			}
			if found, err := contains(reader(text+word[1:]), []string{"other", word}); found || err != nil {
				t.Errorf("%s, %d bytes and a part of it: found %t, %v", name, length, found, err)
			}
		}
	}
}
