package mirror

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// Backup makes the names under which images are kept whose tags are moved.
type Backup struct {
	text     string
	template *template.Template
}

// backupFields are what a template can use.
type backupFields struct {
	Tag    string // that is moved
	Digest string // of the image it held: the first 12 hexadecimal digits
	Date   string // UTC, such as 20260131
	Time   string // UTC, such as 235959
}

// ParseBackup reads a template (of text/template) with the fields .Tag, .Digest,
// .Date and .Time, such as "{{.Tag}}-previous". It fails when what the template
// gives cannot be a tag, is the tag that is moved, or is the same for every
// image.
func ParseBackup(text string) (*Backup, error) {
	t, err := template.New("backup").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the template cannot be read: %s", strings.TrimPrefix(err.Error(), "template: backup:"))
	}
	b := &Backup{text, t}
	when := time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC)
	one, err := b.Name("v1", digest.FromString("1"), when)
	if err != nil {
		return nil, err
	}
	other, err := b.Name("v2", digest.FromString("2"), when)
	if err == nil && one == other {
		err = fmt.Errorf("%s gives every image the same tag: use {{.Tag}} or {{.Digest}}", text)
	}
	return b, err
}

// String gives the template.
func (b *Backup) String() string { return b.text }

// Name gives the tag under which the image d is kept that tag holds. The error
// says why there is none.
func (b *Backup) Name(tag string, d digest.Digest, now time.Time) (string, error) {
	now = now.UTC()
	fields := backupFields{Tag: tag, Digest: d.Encoded()[:12], Date: now.Format("20060102"), Time: now.Format("150405")}
	var out short
	if err := b.template.Execute(&out, fields); err != nil {
		return "", fmt.Errorf("the template %s cannot be used: %s", b.text, strings.TrimPrefix(err.Error(), "template: backup:"))
	}
	switch name := out.String(); {
	case !mapping.ValidTag(name):
		return "", fmt.Errorf("%s makes %.140q of the tag %s, which is no valid tag", b.text, name, tag)
	case name == tag:
		return "", fmt.Errorf("%s gives the tag %s itself", b.text, tag)
	default:
		return name, nil
	}
}

// short takes what may be a tag, and a bit more.
type short struct{ strings.Builder }

func (s *short) Write(p []byte) (int, error) {
	if s.Len()+len(p) > 1000 {
		return 0, errors.New("it gives a text without end")
	}
	return s.Builder.Write(p)
}

// check refuses destinations whose backup would be under a tag that another
// destination has. What a wildcard or the digest makes of it shows only in the
// run, which checks again.
func (b *planBuilder) check(pairs []mapping.Pair) {
	if b.opts.Backup == nil {
		return
	}
	taken := map[string]mapping.Reference{}
	for _, p := range pairs {
		taken[destinationKey(p)] = p.Destination
	}
	for _, p := range pairs {
		if p.Source.Wildcard() || p.Destination.Tag == "" {
			continue
		}
		name, err := b.opts.Backup.Name(p.Destination.Tag, digest.FromString(p.Destination.Canonical()), time.Unix(0, 0))
		if err != nil {
			b.refuse(p.Destination.Pos, "change the template of --backup", "no backup of %s: %v", p.Destination.Text, err)
			continue
		}
		at := p
		at.Destination.Tag = name
		if other, ok := taken[destinationKey(at)]; ok {
			b.refuse(p.Destination.Pos, "change the template of --backup", "the backup of %s would be under the tag %s, which %s at %s writes, too",
				p.Destination.Text, name, other.Text, other.Pos)
		}
		taken[destinationKey(at)] = p.Destination
	}
}

// destinations notes what the run writes, so that no backup takes its place.
func (r *run) destinations(jobs []*job) {
	if r.opts.Backup == nil {
		return
	}
	r.written = map[string]bool{}
	for _, j := range jobs {
		for _, t := range j.targets {
			r.written[t.Destination.Canonical()] = true
		}
	}
}

// backup keeps what a tag holds under another tag. No blob is copied: it is the
// same repository.
func (r *run) backup(ctx context.Context, w *move, want digest.Digest) error {
	if r.opts.Backup == nil || w.dest.Tag == "" || w.had == "" || w.had == want {
		return nil
	}
	name, err := r.opts.Backup.Name(w.dest.Tag, w.had, r.opts.Now())
	if err == nil {
		err = r.keep(ctx, w, name)
	}
	if err != nil {
		return fmt.Errorf("the tag was not moved, because what it holds could not be kept: %w", err)
	}
	w.backup = name
	w.details = append(w.details, "what it held is kept as "+name)
	return nil
}

func (r *run) keep(ctx context.Context, w *move, name string) error {
	at := w.dest
	at.Tag = name
	if r.written[at.Canonical()] {
		return fmt.Errorf("its backup would be under the tag %s, which is a destination, too", name)
	}
	if g, ok := r.immutable(at); ok {
		have, err := r.client.Resolve(ctx, w.to, name)
		switch {
		case err == nil && have.Digest == w.had:
			return nil
		case err == nil:
			return fmt.Errorf("the tag %s holds %s and is immutable (%s)", name, have.Digest, g)
		case !registry.NotFound(err):
			return err
		}
	}
	m, err := r.client.Manifest(ctx, w.to, string(w.had))
	if err != nil {
		return err
	}
	if _, err = r.w.PutManifest(ctx, w.to, name, m, nil); err == nil {
		r.manifests.Add(1)
	}
	return err
}
