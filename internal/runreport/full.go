package runreport

import "github.com/mirror-tools/mirror-tools/pkg/mirror"

// FullCopy is what it would have cost to copy everything, each destination by
// itself: all its blobs over the wire, nothing mounted, nothing left alone.
type FullCopy struct {
	Bytes    int64
	Requests int64
	// Guessed is the number of destinations whose size is not known, because
	// nothing of the image needed to be read: they count as the average of the
	// others.
	Guessed int
	Known   bool // false: no image was read, so that there is nothing to compare
}

// Requests of a full copy, at the least: HEAD of both manifests, GET and PUT of one; HEAD,
// GET, POST and PUT of each blob.
const (
	requestsPerImage = 4
	requestsPerBlob  = 4
)

// Full computes what a full copy of the destinations that a run worked on would
// have cost: never less than what the run did cost.
func Full(r *mirror.Report) FullCopy {
	var known, bytes, requests, guessed int64
	for _, e := range r.Entries {
		switch {
		case e.Size > 0:
			known++
			bytes += e.Size
			// An image of several platforms takes more than the least.
			requests += max(requestsPerImage+int64(e.Blobs)*requestsPerBlob, e.Requests-e.Retries)
		case e.Outcome == mirror.Unchanged || e.Outcome == mirror.Protected:
			guessed++
		}
	}
	if known == 0 {
		return FullCopy{}
	}
	return FullCopy{
		Bytes:    max(bytes+bytes/known*guessed, r.Moved.BlobBytes),
		Requests: max(requests+requests*guessed/known, r.Requests),
		Guessed:  int(guessed), Known: true,
	}
}
