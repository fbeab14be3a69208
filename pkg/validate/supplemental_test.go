package validate_test

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// script imitates the release repository's current check of supplemental
// mapping files. It returns the numbers of lines with a source on docker.io or
// a target outside the namespace in the file's name. It skips lines that begin
// with "#", takes every further word for a target, and ignores a last line
// without a newline.
func script(name, text string) map[int]bool {
	docker := regexp.MustCompile(`^docker.io/.+`)
	namespace := strings.ReplaceAll(strings.TrimPrefix(path.Base(name), "mapping_supplemental_ci_images_"), "_", "-")
	target := regexp.MustCompile(`^registry.ci.openshift.org/` + regexp.QuoteMeta(namespace) + `/.+`)
	found := map[int]bool{}
	lines := strings.Split(text, "\n")
	for i, line := range lines[:len(lines)-1] {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(words) == 0 {
			continue
		}
		found[i+1] = docker.MatchString(words[0])
		for _, w := range words[1:] {
			found[i+1] = found[i+1] || !target.MatchString(w)
		}
	}
	return found
}

// TestSupplementalScript checks that reference-registry or mapping-syntax
// reports an error on every line that the script reports, except words of an
// inline comment, and also reports mistakes that the script misses.
func TestSupplementalScript(t *testing.T) {
	const name = "core-services/image-mirroring/supplemental-ci-images/mapping_supplemental_ci_images_my_team"
	good := "quay.io/a/b:1 registry.ci.openshift.org/my-team/b:%d"
	var lines []string
	for i, l := range []string{
		good, "docker.io/a/b:1 registry.ci.openshift.org/my-team/c:%d", "quay.io/a/b:1 registry.ci.openshift.org/other/c:%d",
		"quay.io/a/b:1 quay.io/my-team/d:%d", "quay.io/a/b:1 registry.ci.openshift.org/my-team/e:%d registry.ci.openshift.org/x/e:1",
		"# docker.io/a/b:1 x:%d", "quay.io/a/b:1 registry.ci.openshift.org/my-team:%d", "docker.io/a/b:1 quay.io/x/y:%d", good,
		"quay.io/a/b:1 registry.ci.openshift.org/my/f:%d", "  # docker.io/a/b:1 registry.ci.openshift.org/my-team/f:%d",
		"docker.io/a:1 registry.ci.openshift.org/my-team/g:%d", "quay.io/docker.io/a:1 registry.ci.openshift.org/my-team/h:%d",
		"quay.io/a/b:1 registry.ci.openshift.org/my_team/i:%d", "quay.io/a/b:1 registry.ci.openshift.org/my-team/deep/j:%d",
	} {
		lines = append(lines, fmt.Sprintf(l, i))
	}
	text := strings.Join(lines, "\n") + "\n"
	compare := func(text string) (theirs, ours map[int]bool) {
		ours = map[int]bool{}
		for _, f := range lint(t, "-- "+name+" --\n"+text, "reference-registry", "mapping-syntax").Findings {
			if f.Severity == source.Error {
				ours[f.Pos.Line] = true
			}
		}
		return script(name, text), ours
	}
	theirs, ours := compare(text)
	count := 0
	for line, bad := range theirs {
		if bad {
			count++
		}
		if indented := strings.HasPrefix(lines[line-1], "  #"); indented { // the script takes it for a mapping
			bad = false
		}
		if bad != ours[line] {
			t.Errorf("line %d (%s): the script says %v, we say %v", line, lines[line-1], bad, ours[line])
		}
	}
	if count != 10 {
		t.Errorf("the script finds %d lines, the test means 10", count)
	}
	// Lines that the script misses or gets wrong.
	if theirs, ours := compare("quay.io/a/b:1 registry.ci.openshift.org/my-team/b:1 # a comment\n"); !theirs[1] || ours[1] {
		t.Error("an inline comment: the script should complain, and we should not")
	}
	if theirs, ours := compare("quay.io/a/b:1 registry.ci.openshift.org/my-team/b:1\ndocker.io/a/b:1 registry.ci.openshift.org/my-team/c:1"); theirs[2] || !ours[2] {
		t.Error("a last line without a newline: the script should miss it, and we should not")
	}
}
