package runreport

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

func TestFull(t *testing.T) {
	for _, tt := range []struct {
		name    string
		entries []mirror.Entry
		want    FullCopy
	}{
		{"nothing was read", []mirror.Entry{{Outcome: mirror.Unchanged}}, FullCopy{}},
		{"two destinations of one image, and a missing source", []mirror.Entry{
			{Outcome: mirror.Copied, Size: 100, Blobs: 3}, {Outcome: mirror.Copied, Size: 100, Blobs: 3}, {Outcome: mirror.Failed},
		}, FullCopy{Bytes: 200, Requests: 2*4 + 6*4, Known: true}},
		{"what is unchanged counts as the average", []mirror.Entry{
			{Outcome: mirror.Copied, Size: 100, Blobs: 2}, {Outcome: mirror.Copied, Size: 300, Blobs: 4}, {Outcome: mirror.Unchanged}, {Outcome: mirror.Unchanged},
		}, FullCopy{Bytes: 800, Requests: 4*4 + 12*4, Guessed: 2, Known: true}},
		{"an image that took more than the least", []mirror.Entry{
			{Outcome: mirror.Copied, Size: 100, Blobs: 2, Requests: 20, Retries: 1}, {Outcome: mirror.Unchanged},
		}, FullCopy{Bytes: 200, Requests: 2 * 19, Guessed: 1, Known: true}},
	} {
		if got := Full(&mirror.Report{Entries: tt.entries}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	first := &mirror.Report{
		Entries: []mirror.Entry{{Outcome: mirror.Copied, Size: 100, Blobs: 1, Requests: 8}},
		Moved:   mirror.Moved{BlobBytes: 110}, Requests: 13,
	}
	if got, want := Full(first), (FullCopy{Bytes: 110, Requests: 13, Known: true}); got != want {
		t.Errorf("it costs less than what was done: %+v, want %+v", got, want)
	}
}
