package mirror_test

import (
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Blobs that a killed run left are not sent again, whatever their size. That
// costs no request, because opening an upload checks for the blob.
func TestFoundBlobsAreNotSent(t *testing.T) {
	for _, tt := range []struct {
		name    string
		opts    mirror.Options
		refuses bool // the registry answers such a mount with an error
		sent    int  // blobs of four, two of which are there
		asked   int  // at most: blobs are copied concurrently
	}{
		{"found", mirror.Options{}, false, 2, 4},
		{"refused", mirror.Options{}, true, 4, 4},
		{"not asked", mirror.Options{SkipMount: true}, false, 4, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Recorder
			source, dest := strict.New(strict.Options{}), strict.New(strict.Options{})
			src, dst := source.Serve(t, nil), dest.Serve(t, log.Wrap)
			log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
				if tt.refuses && class == "mount" {
					strict.Refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "no mounts")
				}
				return tt.refuses && class == "mount"
			}
			var layers []v1.Descriptor
			for _, text := range []string{"one", "two", "three"} {
				layers = append(layers, source.Blob("a/b", []byte(text)))
				if text != "three" {
					dest.Blob("c/d", []byte(text))
				}
			}
			source.Image("a/b", "1", "x", layers...)
			opts := tt.opts
			opts.Client = client(t)
			report := run(t, plan(t, src, dst, "$src/a/b:1 $dst/c/d:1"), opts)
			wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1})
			if n := log.Count("PUT upload"); n != tt.sent || report.Moved.Blobs != int64(tt.sent) || report.Moved.Mounts != 0 {
				t.Errorf("%d blobs were sent, want %d; moved %+v", n, tt.sent, report.Moved)
			}
			asked := 0
			for _, r := range log.Requests() {
				if strings.Contains(r, "from=c%2Fd") {
					asked++
				}
			}
			if asked > tt.asked || asked == 0 && tt.asked > 0 {
				t.Errorf("it was asked %d times, want %d at most", asked, tt.asked)
			}
			if opened := log.Count("mount", "POST upload"); !tt.refuses && opened != 4 {
				t.Errorf("%d requests opened uploads or found blobs, want 4: %v", opened, log.Classes())
			}
		})
	}
}
