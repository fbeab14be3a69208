package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// A record tells what was mirrored to a tag last. It is a manifest without
// content in the same repository, under a tag of its own, because a job has no
// place that outlives it but its destinations. Not a referrer: that would tell
// that an image was mirrored once, and not to which tag, or that it was the
// last; and many registries do not list referrers.
type record struct {
	Last digest.Digest // what the tag was given
	// Next is what it is about to be given: a run that is killed between its two
	// writes leaves a tag that holds either.
	Next digest.Digest
}

const (
	recordPrefix = "_mirror."
	recordType   = "application/vnd.mirror-tools.record.v1"
	recordTagKey = "io.github.mirror-tools.record.tag"
	recordLast   = "io.github.mirror-tools.record.last"
	recordNext   = "io.github.mirror-tools.record.next"
)

// recordTag is the tag of a tag's record.
func recordTag(tag string) string {
	if name := recordPrefix + tag; mapping.ValidTag(name) {
		return name
	}
	sum := sha256.Sum256([]byte(tag))
	return recordPrefix + "sha256-" + hex.EncodeToString(sum[:])
}

// isRecord says whether a tag is that of a record.
func isRecord(tag string) bool { return strings.HasPrefix(tag, recordPrefix) }

// emptyBlob is the content of everything that has none, by the image
// specification.
var emptyBlob = []byte("{}")

func (c record) manifest(tag string) registry.Manifest {
	empty := ocispec.Descriptor{MediaType: "application/vnd.oci.empty.v1+json", Digest: digest.FromBytes(emptyBlob), Size: int64(len(emptyBlob))}
	notes := map[string]string{recordTagKey: tag, recordLast: string(c.Last)}
	if c.Next != "" {
		notes[recordNext] = string(c.Next)
	}
	body, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": registry.OCIManifest, "artifactType": recordType,
		"config": empty, "layers": []ocispec.Descriptor{empty}, "annotations": notes,
	})
	if err != nil {
		panic(err) // strings and numbers
	}
	return registry.Manifest{MediaType: registry.OCIManifest, Digest: digest.FromBytes(body), Body: body}
}

// recorded reads the record of a tag; found is false when there is none.
func (r *run) recorded(ctx context.Context, w *move) (c record, found bool, err error) {
	m, err := r.client.Manifest(ctx, w.to, recordTag(w.dest.Tag))
	switch {
	case registry.NotFound(err), registry.Denied(err):
		return c, false, nil
	case err != nil:
		return c, false, fmt.Errorf("reading the record of what was mirrored last: %w", err)
	}
	var body struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
	}
	if json.Unmarshal(m.Body, &body) != nil || body.ArtifactType != recordType || body.Annotations[recordTagKey] != w.dest.Tag {
		return c, false, nil // not ours
	}
	return record{digest.Digest(body.Annotations[recordLast]), digest.Digest(body.Annotations[recordNext])}, true, nil
}

// ours says why a tag that holds w.had is not one that we gave it.
func (r *run) ours(ctx context.Context, w *move) error {
	if r.opts.Adopt {
		return nil
	}
	c, found, err := r.recorded(ctx, w)
	switch {
	case err != nil:
		return err
	case !found:
		return &protectedError{fmt.Sprintf("it holds %s, and there is no record (tag %s) that this was mirrored: left as it is; --adopt takes it over", w.had, recordTag(w.dest.Tag))}
	case w.had != c.Last && w.had != c.Next:
		return &protectedError{fmt.Sprintf("it holds %s, and %s was mirrored last: left as it is; --adopt takes it over", w.had, c.Last)}
	}
	return nil
}

// announce records that a tag is about to be given an image.
func (r *run) announce(ctx context.Context, w *move, want digest.Digest) error {
	if r.opts.Overwrite != OverwriteOurs || w.dest.Tag == "" {
		return nil
	}
	if err := r.putRecord(ctx, w, announced(w, want)); err != nil {
		return fmt.Errorf("the tag was not moved, because that could not be recorded: %w", err)
	}
	return nil
}

func announced(w *move, want digest.Digest) record {
	if w.had == "" || w.had == want {
		return record{Last: want}
	}
	return record{Last: w.had, Next: want}
}

// settle records that a tag was moved. When it fails, what was announced holds.
// Where another run of the same job has recorded something since, the tag may
// hold what it was given by either.
func (r *run) settle(ctx context.Context, w *move, want digest.Digest) {
	if r.opts.Overwrite != OverwriteOurs || w.dest.Tag == "" || r.opts.Mode != ModeRun {
		return
	}
	now, found, err := r.recorded(ctx, w)
	c := record{Last: want}
	if found && now != announced(w, want) {
		if c.Next = now.Next; c.Next == "" || c.Next == want {
			c.Next = now.Last
		}
	}
	if err == nil && c != now {
		err = r.putRecord(ctx, w, c)
	}
	if err != nil {
		w.details = append(w.details, fmt.Sprintf("the record of it was not completed: %v", err))
	}
}

// adopt makes a record of a tag that is as it should be.
func (r *run) adopt(ctx context.Context, w *move) error {
	if !r.opts.Adopt || r.opts.Overwrite != OverwriteOurs || r.opts.Mode != ModeRun || w.dest.Tag == "" {
		return nil
	}
	c, _, err := r.recorded(ctx, w)
	if err == nil && c != (record{Last: w.had}) {
		err = r.putRecord(ctx, w, record{Last: w.had})
	}
	if err != nil {
		return fmt.Errorf("the tag is right, but could not be taken over: %w", err)
	}
	return nil
}

func (r *run) putRecord(ctx context.Context, w *move, c record) error {
	if r.opts.Mode != ModeRun {
		return nil
	}
	_, err := r.emptied.get(ctx, w.to, func() (struct{}, error) {
		return struct{}{}, r.client.PutBlob(ctx, w.to, emptyBlob)
	})
	if err != nil {
		return err
	}
	_, err = r.w.PutManifest(ctx, w.to, recordTag(w.dest.Tag), c.manifest(w.dest.Tag), nil)
	return err
}
