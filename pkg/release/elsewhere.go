package release

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/internal/treefs"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// otherJobs are the mirroring periodics in other files than the jobs file.
type otherJobs struct {
	jobs   []*Job           // in order of their files' names
	unread []source.Problem // files that may have such jobs and cannot be read
}

// loadOtherJobs reads the mirroring periodics of all files below the folder of
// the jobs file, except that file. There may be hundreds of megabytes: only
// files that contain the name of the mappings' ConfigMap are parsed.
func loadOtherJobs(t *Tree) otherJobs {
	dir := path.Dir(t.Jobs.Path)
	if dir == "." {
		return otherJobs{}
	}
	var names []string
	_ = fs.WalkDir(t.FS, dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && isYAML(name) && name != t.Jobs.Path && mayHavePeriodics(name) {
			names = append(names, name)
		}
		return nil //nolint:nilerr // an unreadable folder has no files
	})
	read := make([]otherJobs, len(names))
	flight.Each(len(names), runtime.GOMAXPROCS(0), func(i int) { read[i] = jobsIn(t, names[i]) })
	var all otherJobs
	for _, one := range read {
		all.jobs = append(all.jobs, one.jobs...)
		all.unread = append(all.unread, one.unread...)
	}
	return all
}

// mayHavePeriodics reports whether a jobs file can have periodics, by the naming
// convention of ci-operator-prowgen: a file has jobs of the kind that its name
// ends with.
func mayHavePeriodics(name string) bool {
	return !strings.HasSuffix(name, "-presubmits.yaml") && !strings.HasSuffix(name, "-postsubmits.yaml")
}

// jobsIn reads the mirroring periodics of one file.
func jobsIn(t *Tree, name string) otherJobs {
	f, err := t.FS.Open(name)
	if err != nil {
		return otherJobs{}
	}
	found, err := contains(f, t.Settings.ConfigMaps())
	f.Close()
	var data []byte
	if err == nil && found {
		data, err = fs.ReadFile(t.FS, name)
	}
	if err != nil {
		return otherJobs{unread: []source.Problem{{Pos: source.Position{File: name}, Message: "the file cannot be read: " + withoutPath(err).Error()}}}
	}
	if data == nil {
		return otherJobs{}
	}
	file, problems := parseJobs(name, data, t.Settings)
	if file.Root == nil {
		return otherJobs{unread: problems}
	}
	return otherJobs{jobs: slices.DeleteFunc(file.Jobs, func(j *Job) bool { return !j.Mirrors })}
}

// contains reports whether a file contains one of several words. It reads the
// file in parts.
func contains(text io.Reader, words []string) (bool, error) {
	longest := 0
	for _, w := range words {
		longest = max(longest, len(w))
	}
	buffer := make([]byte, 64<<10+longest)
	kept := 0
	for total := 0; total <= treefs.MaxFile; {
		n, err := text.Read(buffer[kept:])
		total += n
		part := buffer[:kept+n]
		for _, w := range words {
			if bytes.Contains(part, []byte(w)) {
				return true, nil
			}
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		kept = copy(buffer, part[max(0, len(part)-longest):]) // a word may continue in the next part
	}
	return false, treefs.ErrTooBig
}
