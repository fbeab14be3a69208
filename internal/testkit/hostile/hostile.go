// Package hostile makes release repositories of texts that somebody chose to be
// taken for something else, for the tests of what the commands print.
package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// Texts returns the texts: every control character, characters that change how
// the rest of a line is shown, and the marks of each output format.
func Texts() []string {
	var c0, c1 strings.Builder
	for r := rune(1); r < 0x20; r++ {
		if r != '\n' && r != '\r' {
			c0.WriteRune(r)
		}
	}
	for r := rune(0x7f); r < 0xa0; r++ {
		c1.WriteRune(r)
	}
	return []string{
		"a" + c0.String() + "b", "a" + c1.String() + "b", "a\x00b", "a\xff\xfe\xc0\xafb", "\xef\xbb\xbfa",
		"a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061cb", "a\u200b\u200c\u200d\u2060\ufeff\u00adb", "a\u2028b\u2029c", "a\ufffe\uffffb", "a\U000e0041b",
		"\x1b[31mred\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil.invalid\x1b\\x",
		"a\n::error::b\n::add-mask::c", "a\r\n::error::b", "%0A::error::x", "::error file=a,line=1::x", "##[error]x",
		"\"' onmouseover=alert(1) x='\"", "<script>alert(1)</script>", "</script></title></style><img src=x onerror=alert(1)>", "]]>", "-->", "javascript:alert(1)", "{{.}}", "&lt;b&gt;",
	}
}

// Raw finds the first character of a text for people that may act on a terminal
// or hide what is there; "" without one.
func Raw(s string) string {
	for i, r := range s {
		if r == '\n' || r == '\t' {
			continue
		}
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\u2060' {
			return fmt.Sprintf("%U in %q", r, s[max(0, i-60):min(len(s), i+20)])
		}
	}
	return ""
}

// Command returns the first line that GitHub Actions reads as a command, or "".
func Command(s string) string {
	for line := range strings.Lines(s) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			return line
		}
	}
	return ""
}

// Write makes a repository that carries a text in every place that takes one:
// names of sets and files, lines of mappings, OWNERS, jobs, settings and
// manifests, as values that are read and as text that cannot be.
func Write(t testing.TB, dir, s string) {
	t.Helper()
	name := strings.NewReplacer("/", "_", "\x00", "_").Replace(s)
	q := strconv.QuoteToASCII(s) // YAML reads it as Go does
	mirroring := "core-services/image-mirroring/"
	quoted := func(format string) string { return strings.ReplaceAll(format, "Q", q) }
	files := map[string]string{
		mirroring + "_mirror.yaml": quoted("adopted: true\nseverity: {Q: error, mapping-name: Q}\nQ: x\nallow: {Q: [Q]}\n"),
		mirroring + "OWNERS":       quoted("approvers: [Q]\n"),
		"OWNERS_ALIASES":           quoted("aliases: {Q: [Q]}\n"),

		// A set that is named by the text.
		mirroring + name + "/mapping_" + name: "a.io/a/b:c quay.io/a/b:d\n" + s + "\na.io/" + s + ":c quay.io/" + s + ":d\n# mirror-lint:ignore " + s + "\n",
		mirroring + name + "/OWNERS":          quoted("approvers: [Q]\nreviewers: [Q]\n"),
		mirroring + name + "/_job.yaml":       "secret: " + s + "\n",
		mirroring + name + "/" + name:         s,

		// A set with its settings.
		mirroring + "team/mapping_team": "a.io/a/b:c quay.io/a/b:d\nquay.io/x/y:z\ta.io/a/b:" + s + "\n",
		mirroring + "team/OWNERS":       quoted("approvers: [Q, nobody]\n"),
		mirroring + "team/_job.yaml": quoted(`secret: Q
secret_key: Q
prefix: Q
area: Q
name: Q
cron: Q
cluster: Q
image: Q
script: Q
labels: {Q: Q}
env: {Q: Q}
slack: {channel: Q, template: Q}
immutable: [Q]
backup: Q
Q: Q
`),
		"ci-operator/jobs/infra-image-mirroring.yaml": quoted(`periodics:
- name: Q
  cron: Q
  cluster: Q
  agent: kubernetes
  labels: {Q: Q, ci.openshift.io/role: image-mirroring}
  spec:
    serviceAccountName: Q
    containers:
    - command: [/bin/bash, -c, Q]
      args: ['for mapping in /etc/imagemirror/mapping_team*; do oc image mirror -f="$mapping"; done']
      image: Q
      env: [{name: Q, value: Q}]
      volumeMounts: [{mountPath: Q, name: push}, {mountPath: /etc/imagemirror, name: config}]
    volumes:
    - {name: push, secret: {secretName: Q}}
    - {name: config, configMap: {name: image-mirror-mappings}}
`),
		"clusters/app.ci/a.yaml":       quoted("kind: Secret\nmetadata: {name: Q, namespace: Q}\n"),
		"clusters/app.ci/b.yaml":       "kind: " + s + "\n: : " + s + "\n",
		mirroring + "broken/OWNERS":    "approvers: [" + s + "\n",
		mirroring + "broken/_job.yaml": s + ": [\n",
	}
	write(t, dir, files)
	if err := os.Symlink("/"+name, filepath.Join(dir, mirroring, "team", "mapping_team_"+name)); err != nil {
		t.Fatal(err)
	}
}

// write writes files below a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for file, text := range files {
		file = filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
