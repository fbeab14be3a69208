package body

import (
	"slices"
	"strings"
	"testing"
)

func TestRefusal(t *testing.T) {
	for text, want := range map[string]struct {
		codes   []string
		message string
	}{
		`{"errors": [{"code": "DENIED", "message": "robot disabled"}, {"code": "X"}]}`: {[]string{"DENIED", "X"}, "robot disabled"},
		`{"message": "no quota"}`: {nil, "no quota"},
		`{"detail": "expired"}`:   {nil, "expired"},
		`{}`:                      {nil, ""},
		`<Error><Code>SlowDown</Code><Message>wait</Message></Error>`: {nil, "SlowDown wait"},
		"<html><title>502\n Bad Gateway</title></html>":               {nil, "502 Bad Gateway"},
		"<html></html>":  {nil, ""},
		" plain words\n": {nil, "plain words"},
		`{"errors": [` + strings.Repeat(`{"code": "A"},`, 9) + `{"code": "B"}]}`: {[]string{"A", "A", "A", "A"}, ""},
	} {
		codes, message := Refusal([]byte(text))
		if !slices.Equal(codes, want.codes) || message != want.message {
			t.Errorf("%s: %q and %q, want %q and %q", text, codes, message, want.codes, want.message)
		}
	}
}
