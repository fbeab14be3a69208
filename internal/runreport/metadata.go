package runreport

import (
	"fmt"
	"strconv"

	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// Metadata returns the summary of a run for the page of a Prow job.
func Metadata(r *mirror.Report, version string) map[string]string {
	fields := map[string]string{
		"mode": string(r.Mode), "version": version, "requests": strconv.FormatInt(r.Requests, 10),
		"bytes": strconv.FormatInt(r.Moved.BlobBytes, 10), "seconds": fmt.Sprintf("%.1f", r.Seconds),
		"destinations": strconv.Itoa(len(r.Entries)),
	}
	for _, o := range mirror.Outcomes() {
		if n := r.Summary[o]; n > 0 {
			fields[string(o)] = strconv.Itoa(n)
		}
	}
	return fields
}
