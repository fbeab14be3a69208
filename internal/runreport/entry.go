package runreport

import (
	"cmp"
	"fmt"
	"path"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// Set names the set that an entry belongs to: the folder of its mapping file
// below core-services/image-mirroring. In a ConfigMap there are no folders; then
// the mapping file stands for its set.
func Set(e mirror.Entry) string {
	if dir := path.Dir(e.File); path.Base(path.Dir(dir)) == "image-mirroring" {
		return path.Base(dir)
	}
	return cmp.Or(path.Base(e.File), "arguments")
}

// Told is what there is to say about an entry beside its outcome: its error, or
// what differs.
func Told(e mirror.Entry) string {
	return cmp.Or(e.Error, strings.Join(e.Details, "; "), string(e.Outcome))
}

// Host returns the registry of a reference in an entry.
func Host(reference string) string {
	first, _, found := strings.Cut(reference, "/")
	if !found || first != "localhost" && !strings.ContainsAny(first, ".:") {
		first = ""
	}
	return (mapping.Reference{Registry: first}).Host()
}

// leftOut counts the mapping files that were left out.
func leftOut(r *mirror.Report) int {
	files := map[string]bool{}
	for _, p := range r.Problems {
		files[p.File] = true
	}
	return len(files)
}

// place is the position of a problem.
func place(p mirror.Problem) source.Position {
	return source.Position{File: p.File, Line: p.Line, Column: p.Column}
}

func position(e mirror.Entry) source.Position {
	return source.Position{File: e.File, Line: e.Line, Column: e.Column}
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Size returns bytes in the unit that a person would choose.
func Size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
