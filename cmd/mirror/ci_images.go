package main

import (
	"fmt"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// addImages adds the copies of a ci-images-mirror configuration. It reports
// what is left out. After an error nothing of it is copied, as in
// ci-images-mirror.
func (in *input) addImages(images *release.CIImages) {
	bad := false
	for _, p := range images.Problems {
		bad = bad || p.Severity == source.Error
		in.problems = append(in.problems, p)
	}
	if bad {
		in.broken = true
		return
	}
	file, ignored := images.File()
	for _, i := range ignored {
		why, _ := images.IgnoredAs(i.From)
		p := source.Problem{Pos: i.Pos, Severity: source.Info, Message: fmt.Sprintf("%s is not copied: its source %s is ignored", i.Key, why.Spec())}
		if why.Reason != "" {
			p.Hint = "the reason: " + why.Reason
		}
		in.problems = append(in.problems, p)
	}
	if len(images.ART) > 0 {
		in.problems = append(in.problems, source.Problem{
			Pos: images.ART[0].Pos, Severity: source.Warning,
			Message: "the streams of artImages are not copied: they are known only in the cluster",
			Hint:    "ci-images-mirror copies them",
		})
	}
	in.files = append(in.files, &mapping.File{Name: file.Name, Lines: file.Lines})
}
