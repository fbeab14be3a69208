package tags

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// record holds what was last mirrored to a tag. It is a manifest without
// content in the same repository, under its own tag, because nothing but its
// destinations outlives a job. A referrer would not do: it would say that an
// image was mirrored once, but not to which tag, or that it was the last; and
// many registries do not list referrers.
type record struct {
	Last digest.Digest // what was pushed last
	// Next is what is about to be pushed: a run that is killed between its two
	// writes leaves a tag that holds either.
	Next digest.Digest
}

// RecordPrefix is the prefix of the tags of records.
const RecordPrefix = "_mirror."

const (
	recordType   = "application/vnd.mirror-tools.record.v1"
	recordTagKey = "io.github.mirror-tools.record.tag"
	recordLast   = "io.github.mirror-tools.record.last"
	recordNext   = "io.github.mirror-tools.record.next"
)

// RecordTag returns the tag of a tag's record.
func RecordTag(tag string) string {
	if name := RecordPrefix + tag; mapping.ValidTag(name) {
		return name
	}
	sum := sha256.Sum256([]byte(tag))
	return RecordPrefix + "sha256-" + hex.EncodeToString(sum[:])
}

// IsRecord reports whether a tag is that of a record.
func IsRecord(tag string) bool { return strings.HasPrefix(tag, RecordPrefix) }

// emptyBlob is the content of the empty descriptor of the image specification.
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

// records are the records of a run.
type records struct {
	opts    Options
	emptied flight.Group[registry.Repository, struct{}] // repositories that have emptyBlob
}

func newRecords(opts Options) *records {
	r := &records{opts: opts}
	r.emptied.Forget = registry.Unavailable // a retry may succeed
	return r
}

// read reads the record of a tag; found is false without one.
func (r *records) read(ctx context.Context, m *Move) (c record, found bool, err error) {
	manifest, err := r.opts.Client.Manifest(ctx, m.To, RecordTag(m.Destination.Tag))
	switch {
	case registry.NotFound(err), registry.Denied(err):
		return c, false, nil
	case err != nil:
		return c, false, fmt.Errorf("reading the record of what was mirrored last: %w", err)
	}
	c, found = parseRecord(manifest, m.Destination.Tag)
	return c, found, nil
}

// parseRecord reads the record of a tag; ok is false for any other manifest.
func parseRecord(m registry.Manifest, tag string) (c record, ok bool) {
	var body struct {
		ArtifactType string            `json:"artifactType"`
		Annotations  map[string]string `json:"annotations"`
	}
	if json.Unmarshal(m.Body, &body) != nil || body.ArtifactType != recordType || body.Annotations[recordTagKey] != tag {
		return c, false
	}
	return record{digest.Digest(body.Annotations[recordLast]), digest.Digest(body.Annotations[recordNext])}, true
}

// OfRecord reports whether a manifest is the record of some tag.
func OfRecord(m registry.Manifest) bool {
	var body struct {
		ArtifactType string `json:"artifactType"`
	}
	return json.Unmarshal(m.Body, &body) == nil && body.ArtifactType == recordType
}

// Recorded reports whether a manifest is the record of a tag and has the tag's
// digest as mirrored.
func Recorded(m registry.Manifest, tag string, holds digest.Digest) bool {
	c, ok := parseRecord(m, tag)
	return ok && c.has(holds)
}

// has reports whether an image of ours has a digest, according to the record.
func (c record) has(d digest.Digest) bool { return d == c.Last || d == c.Next }

// ours returns a [*ProtectedError] for a tag whose content was not mirrored to
// it.
func (r *records) ours(ctx context.Context, m *Move) error {
	if r.opts.Adopt {
		return nil
	}
	c, found, err := r.read(ctx, m)
	switch {
	case err != nil:
		return err
	case !found:
		return &ProtectedError{fmt.Sprintf("it holds %s, and no record (tag %s) shows that mirror wrote it: not overwritten", m.Had, RecordTag(m.Destination.Tag))}
	case !c.has(m.Had):
		// Another run of the same job may have moved the tag since it was read.
		now, err := r.opts.Client.Resolve(ctx, m.To, m.Destination.Tag)
		if err == nil && now.Digest != m.Had && c.has(now.Digest) {
			return nil
		}
		return &ProtectedError{fmt.Sprintf("it holds %s, but %s was mirrored last: not overwritten", m.Had, c.Last)}
	}
	return nil
}

// announce records that a tag is about to get an image.
func (r *records) announce(ctx context.Context, m *Move, want digest.Digest) error {
	if r.opts.Overwrite != Ours || m.Destination.Tag == "" {
		return nil
	}
	if err := r.put(ctx, m, announced(m, want)); err != nil {
		return fmt.Errorf("tag not moved: cannot write its record: %w", err)
	}
	return nil
}

func announced(m *Move, want digest.Digest) record {
	if m.Had == "" || m.Had == want {
		return record{Last: want}
	}
	return record{Last: m.Had, Next: want}
}

// settle records that a tag was moved. If it fails, the announcement stays. If
// another run of the same job has recorded something since, the tag may hold
// the image of either run.
func (r *records) settle(ctx context.Context, m *Move, want digest.Digest) {
	if r.opts.Overwrite != Ours || m.Destination.Tag == "" || r.opts.Dry {
		return
	}
	now, found, err := r.read(ctx, m)
	c := record{Last: want}
	if found && now != announced(m, want) {
		if c.Next = now.Next; c.Next == "" || c.Next == want {
			c.Next = now.Last
		}
	}
	if err == nil && c != now {
		err = r.put(ctx, m, c)
	}
	if err != nil {
		m.Details = append(m.Details, fmt.Sprintf("cannot complete its record: %v", err))
	}
}

// adopt writes a record of a tag that is correct.
func (r *records) adopt(ctx context.Context, m *Move) error {
	if r.opts.Overwrite != Ours || r.opts.Dry || m.Destination.Tag == "" {
		return nil
	}
	c, _, err := r.read(ctx, m)
	if err == nil && c != (record{Last: m.Had}) {
		err = r.put(ctx, m, record{Last: m.Had})
	}
	if err != nil {
		return fmt.Errorf("the tag is up to date, but cannot be adopted: %w", err)
	}
	return nil
}

func (r *records) put(ctx context.Context, m *Move, c record) error {
	if r.opts.Dry {
		return nil
	}
	_, err := r.emptied.Do(ctx, m.To, func() (struct{}, error) {
		return struct{}{}, r.opts.Client.PutBlob(ctx, m.To, emptyBlob)
	})
	if err != nil {
		return err
	}
	return r.opts.Writer.PutManifest(ctx, m.To, RecordTag(m.Destination.Tag), c.manifest(m.Destination.Tag), nil)
}
