package main

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/jobgen"
)

func TestAsk(t *testing.T) {
	for name, test := range map[string]struct {
		given jobgen.NewOptions
		input string
		want  jobgen.NewOptions
		asked int
	}{
		"everything": {
			input: "\na.io/b/c:d\n quay.io/e/f:g \nalice bob\n",
			want:  jobgen.NewOptions{Sources: []string{"a.io/b/c:d"}, Destinations: []string{"quay.io/e/f:g"}, Approvers: []string{"alice", "bob"}},
			asked: 4,
		},
		"a destination": {
			given: jobgen.NewOptions{Sources: []string{"a"}, Approvers: []string{"alice"}},
			input: "b\n",
			want:  jobgen.NewOptions{Sources: []string{"a"}, Destinations: []string{"b"}, Approvers: []string{"alice"}},
			asked: 1,
		},
		"nothing": {
			given: jobgen.NewOptions{Sources: []string{"a"}, Destinations: []string{"b"}, Approvers: []string{"alice"}},
			want:  jobgen.NewOptions{Sources: []string{"a"}, Destinations: []string{"b"}, Approvers: []string{"alice"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := ask(strings.NewReader(test.input), &out, &test.given); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(test.want, test.given) {
				t.Errorf("got %+v", test.given)
			}
			if n := strings.Count(out.String(), ": "); n != test.asked {
				t.Errorf("%d questions, want %d: %s", n, test.asked, out.String())
			}
		})
	}
	if err := ask(strings.NewReader("a\n"), &bytes.Buffer{}, &jobgen.NewOptions{}); err == nil {
		t.Error("input that ends early is taken")
	}
}
