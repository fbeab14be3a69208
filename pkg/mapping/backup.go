package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"
)

// Backup is a template for backup tags: before a tag moves, the image that it
// had gets a backup tag.
type Backup struct {
	text     string
	template *template.Template
}

// backupFields returns the fields of a template: the tag that moves, the first
// 12 hexadecimal digits of the digest that it had, and the UTC date and time,
// such as 20260131 and 235959.
func backupFields(tag, hex, date, clock string) map[string]string {
	return map[string]string{"Tag": tag, "Digest": hex, "Date": date, "Time": clock}
}

var noBackupField = regexp.MustCompile(`no entry for key "(.*)"$`)

// unusable explains why a template gives no tag.
func (b *Backup) unusable(err error) error {
	if m := noBackupField.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("the template %s has the unknown field .%s; the fields are .Tag, .Digest, .Date and .Time", b.text, m[1])
	}
	return fmt.Errorf("the template %s cannot be used: %s", b.text, strings.TrimPrefix(err.Error(), "template: backup:"))
}

// ParseBackup reads a template (of text/template) with the fields .Tag,
// .Digest, .Date and .Time, such as "{{.Tag}}-previous". It fails if the
// template produces an invalid tag, the tag that moves, or the same tag for
// every image.
func ParseBackup(text string) (*Backup, error) {
	t, err := template.New("backup").Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the template cannot be read: %s", strings.TrimPrefix(err.Error(), "template: backup:"))
	}
	b := &Backup{text, t}
	when := time.Date(2026, 1, 31, 23, 59, 59, 0, time.UTC)
	one, err := b.Name("v1", "sha256:"+strings.Repeat("1", 64), when)
	if err != nil {
		if !strings.Contains(text, "{{") {
			err = fmt.Errorf("%w; write a field as {{.Tag}}, {{.Digest}}, {{.Date}} or {{.Time}}", err)
		}
		return nil, err
	}
	other, err := b.Name("v2", "sha256:"+strings.Repeat("2", 64), when)
	if err == nil && one == other {
		err = fmt.Errorf("the template %q produces the same tag for every image: use {{.Tag}} or {{.Digest}}", text)
	}
	return b, err
}

// Name returns the tag that keeps the current image of a tag; digest is the
// image's, with its algorithm. The error explains why there is no such tag.
func (b *Backup) Name(tag, digest string, now time.Time) (string, error) {
	now = now.UTC()
	_, hex, _ := strings.Cut(digest, ":")
	fields := backupFields(tag, hex[:min(12, len(hex))], now.Format("20060102"), now.Format("150405"))
	var out short
	if err := b.template.Execute(&out, fields); err != nil {
		return "", b.unusable(err)
	}
	switch name := out.String(); {
	case !ValidTag(name):
		return "", fmt.Errorf("the template %q produces an invalid tag for the tag %s: %.140q", b.text, tag, name)
	case name == tag:
		return "", fmt.Errorf("the template %q leaves the tag %s unchanged", b.text, tag)
	default:
		return name, nil
	}
}

// Names returns the form of the backup tags of a tag.
func (b *Backup) Names(tag string) (BackupNames, error) {
	var out short
	err := b.template.Execute(&out, backupFields(tag, strings.Repeat(anyHex, 12), strings.Repeat(anyDigit, 8), strings.Repeat(anyDigit, 6)))
	return BackupNames{out.String()}, err
}

// BackupNames is the form of all backup tags of one tag, for any digest, date
// and time.
type BackupNames struct{ shape string }

// Placeholders in a shape for any character of a kind. They are not valid in a
// tag.
const (
	anyHex   = "\x01"
	anyDigit = "\x02"
)

// Len returns the length of each of the tags.
func (n BackupNames) Len() int { return len(n.shape) }

// Match reports whether a tag is one of them.
func (n BackupNames) Match(tag string) bool {
	if len(tag) != len(n.shape) {
		return false
	}
	for i := range len(tag) {
		c := tag[i]
		digit := '0' <= c && c <= '9'
		switch n.shape[i : i+1] {
		case anyDigit:
			if !digit {
				return false
			}
		case anyHex:
			if !digit && (c < 'a' || c > 'f') {
				return false
			}
		default:
			if c != n.shape[i] {
				return false
			}
		}
	}
	return true
}

// short is a buffer that refuses a text much longer than any tag.
type short struct{ strings.Builder }

func (s *short) Write(p []byte) (int, error) {
	if s.Len()+len(p) > 1000 {
		return 0, errors.New("its output is too long")
	}
	return s.Builder.Write(p)
}
