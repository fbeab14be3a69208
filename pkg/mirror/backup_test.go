package mirror_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

func backup(t *testing.T, text string) *mapping.Backup {
	t.Helper()
	b, err := mapping.ParseBackup(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Unusable backup tags are an error before the first request.
func TestBackupRefusedByPlan(t *testing.T) {
	for _, tt := range []struct{ name, template, lines, want string }{
		{"another destination", "{{.Tag}}-previous", "a.io/b:1 c.io/d:v1\na.io/b:2 c.io/d:v1-previous\n", "m:1:10: the backup of c.io/d:v1 would use the tag v1-previous, which c.io/d:v1-previous at m:2:10 also writes"},
		{"one backup for two", `{{printf "%.2s" .Tag}}-x`, "a.io/b:1 c.io/d:v10\na.io/b:2 c.io/d:v11\n", "would use the tag v1-x, which c.io/d:v10 at m:1:10 also writes"},
		{"the tag itself", `{{if eq .Tag "latest"}}latest{{else}}{{.Tag}}-x{{end}}`, "a.io/b:1 c.io/d:latest\n", "m:1:10: cannot back up c.io/d:latest"},
		{"too long", "{{.Tag}}-previous", "a.io/b:1 c.io/d:" + strings.Repeat("x", 125) + "\n", "an invalid tag"},
		{"another repository", "{{.Tag}}-previous", "a.io/b:1 c.io/d:v1\na.io/b:2 c.io/e:v1-previous\n", ""},
		{"no tag", "{{.Tag}}-previous", "a.io/b@sha256:" + strings.Repeat("0", 64) + " c.io/d\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := []*mapping.File{mapping.Parse("m", []byte(tt.lines))}
			_, err := mirror.NewPlan(files, mirror.PlanOptions{Backup: backup(t, tt.template)})
			var refused *mirror.PlanError
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// The old image is kept under the backup tag without sending a blob.
func TestBackup(t *testing.T) {
	for _, kind := range destinations() {
		t.Run(kind.name, func(t *testing.T) {
			src, dst := testkit.InProcess(t, nil), kind.start(t)
			for _, tag := range []string{"moved", "same", "new"} {
				src.Push(t, "a/b:"+tag, testkit.Image(t, "first "+tag, testkit.Layer(1, 1000)))
			}
			lines := []string{"$src/a/b:moved $dst/c/d:moved", "$src/a/b:same $dst/c/d:same"}
			wantSummary(t, run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t)}), map[mirror.Outcome]int{mirror.Copied: 2})
			old := dst.Digest("c/d:moved")
			src.Push(t, "a/b:moved", testkit.Image(t, "second", testkit.Layer(2, 1000)))
			p := plan(t, src, dst, append(lines, "$src/a/b:new $dst/c/d:new")...)
			opts := mirror.Options{Backup: backup(t, "{{.Tag}}-{{.Digest}}")}
			name := "moved-" + digest.Digest(old).Encoded()[:12]

			opts.Client, opts.Mode = client(t), mirror.ModePlan
			planned := run(t, p, opts)
			if e := planned.Entries[0]; e.Outcome != mirror.Planned || e.Backup != name || dst.Digest("c/d:"+name) != "" {
				t.Errorf("a dry run: %+v", e)
			}
			opts.Client, opts.Mode = client(t), mirror.ModeRun
			report := run(t, p, opts)
			wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 2, mirror.Unchanged: 1})
			if e := report.Entries[0]; e.Backup != name || e.Previous != old {
				t.Errorf("%+v", e)
			}
			if got := dst.Digest("c/d:" + name); got != old {
				t.Errorf("%s holds %q, want %s", name, got, old)
			}
			if got := dst.Digest("c/d:moved"); got != src.Digest("a/b:moved") {
				t.Errorf("the tag holds %s", got)
			}
			if report.Entries[1].Backup+report.Entries[2].Backup != "" || report.Moved.Manifests != 3 || planned.Moved.Manifests != 3 {
				t.Errorf("more than the one that moved was kept: %+v, planned %+v", report.Moved, planned.Moved)
			}
		})
	}
}

// A tag moves only after the backup of its image.
func TestBackupFails(t *testing.T) {
	src, dst, log, lines := moved(t, "v1")
	old := dst.Digest("c/d:v1")
	log.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
		if class == "PUT manifest" && strings.HasSuffix(r.URL.Path, "/v1-previous") {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	report := run(t, plan(t, src, dst, lines...), mirror.Options{Client: client(t), Backup: backup(t, "{{.Tag}}-previous")})
	wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1})
	e := report.Entries[0]
	if !strings.Contains(e.Error, "tag not moved: cannot back up its image") || e.Cause != mirror.CauseDenied || e.Backup != "" || dst.Digest("c/d:v1") != old {
		t.Errorf("%+v", e)
	}
}

// A backup replaces neither an immutable tag nor a tag that a wildcard mirrors.
func TestBackupTakesNoPlace(t *testing.T) {
	t.Run("immutable", func(t *testing.T) {
		src, dst, _, lines := moved(t, "v1")
		other := dst.Push(t, "c/d:v1-previous", testkit.Image(t, "other"))
		opts := mirror.Options{Client: client(t), Backup: backup(t, "{{.Tag}}-previous"), Immutable: globs(t, "*:*-previous")}
		report := run(t, plan(t, src, dst, lines...), opts)
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Failed: 1})
		if e := report.Entries[0]; !strings.Contains(e.Error, "the tag v1-previous holds "+other+" and is immutable (*:*-previous)") {
			t.Errorf("%+v", e)
		}
		if dst.Digest("c/d:v1-previous") != other {
			t.Error("it was overwritten")
		}
	})
	t.Run("immutable and right", func(t *testing.T) {
		src, dst, _, lines := moved(t, "v1")
		dst.Push(t, "c/d:v1-previous", testkit.Image(t, "old v1"))
		opts := mirror.Options{Client: client(t), Backup: backup(t, "{{.Tag}}-previous"), Immutable: globs(t, "*:*-previous")}
		wantSummary(t, run(t, plan(t, src, dst, lines...), opts), map[mirror.Outcome]int{mirror.Copied: 1})
	})
	t.Run("wildcard", func(t *testing.T) {
		src, dst, _, _ := moved(t, "v1", "v1-x")
		opts := mirror.Options{Client: client(t), Backup: backup(t, "{{.Tag}}-x")}
		report := run(t, plan(t, src, dst, "$src/a/b:v1* $dst/c/d"), opts)
		wantSummary(t, report, map[mirror.Outcome]int{mirror.Copied: 1, mirror.Failed: 1})
		if e := report.Entries[0]; !strings.Contains(e.Error, "would use the tag v1-x, which is also a destination") {
			t.Errorf("%+v", e)
		}
	})
}
