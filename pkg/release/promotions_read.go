package release

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mirror-tools/mirror-tools/internal/flight"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// readConfigs reads every ci-operator config: the files *.yaml below dir. There
// are thousands, so it reads folders in parallel.
func readConfigs(p *Promotions, fsys fs.FS, dir string) {
	folders := configFolders(fsys, dir)
	read := make([]configReader, len(folders))
	var promoted atomic.Int64
	var sections sectionCache
	asked := len(p.images.supplemental)+len(p.images.backfilled)+len(p.images.ART) > 0
	buffers := sync.Pool{New: func() any { return new([]byte) }}
	flight.Each(len(folders), runtime.GOMAXPROCS(0), func(i int) {
		r, buffer := &read[i], buffers.Get().(*[]byte)
		r.fsys, r.top, r.promoted, r.sections, r.asked, r.buffer = fsys, dir, &promoted, &sections, asked, *buffer
		r.folder(folders[i])
		*buffer, r.buffer, r.seen = r.buffer, nil, nil
		buffers.Put(buffer)
	})
	if promoted.Load() > maxPromotions {
		p.Problems = append(p.Problems, source.Problem{
			Pos:     source.Position{File: dir},
			Message: fmt.Sprintf("the configs promote to more than %d tags: none of them is known", maxPromotions),
		})
		return
	}
	for _, r := range read {
		p.Configs += r.configs
		p.All = append(p.All, r.promotions...)
		p.Problems = append(p.Problems, r.problems...)
		for _, s := range r.byCommit {
			p.byCommit[s] = true
		}
		for tag, config := range r.used {
			if _, ok := p.used[tag]; !ok {
				p.used[tag] = config
			}
		}
	}
}

// configFolders returns the folders of all repositories, dir/org/repo, and
// those above them.
func configFolders(fsys fs.FS, top string) []string {
	var folders []string
	var list func(dir string, depth int)
	list = func(dir string, depth int) {
		folders = append(folders, dir)
		if depth == 0 {
			return
		}
		entries, _ := fs.ReadDir(fsys, dir)
		for _, e := range entries {
			if e.IsDir() {
				list(dir+"/"+e.Name(), depth-1)
			}
		}
	}
	list(top, 2)
	return folders
}

// configReader reads the configs of one folder.
type configReader struct {
	fsys     fs.FS
	top      string // the folder of all configs
	buffer   []byte
	promoted *atomic.Int64 // of all readers so far
	sections *sectionCache // of all readers

	configs    int
	promotions []Promotion
	byCommit   []Stream
	problems   []source.Problem
	asked      bool                // whether to fill used
	used       map[ImageTag]string // tags that configs build from, with the first config
	seen       map[string]bool     // the texts that name them
}

func (r *configReader) folder(dir string) {
	deep := strings.Count(dir, "/")-strings.Count(r.top, "/") >= 2
	entries, err := fs.ReadDir(r.fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.unreadable(dir, err)
	}
	for _, e := range entries {
		switch name := dir + "/" + e.Name(); {
		case e.IsDir() && deep: // those above are read as folders of their own
			r.folder(name)
		case !e.IsDir() && path.Ext(name) == ".yaml":
			r.config(name)
		}
	}
}

func (r *configReader) config(name string) {
	r.configs++
	data, err := r.read(name)
	if err != nil {
		r.unreadable(name, err)
		return
	}
	if r.asked {
		if r.seen == nil {
			r.seen, r.used = map[string]bool{}, map[ImageTag]string{}
		}
		scanTags(data, r.seen, func(tag ImageTag) {
			if _, ok := r.used[tag]; !ok {
				r.used[tag] = name
			}
		})
	}
	c, ok := r.sections.scanConfig(data)
	if !ok {
		var problems []source.Problem
		c, problems = decodeConfig(name, data)
		r.problems = append(r.problems, problems...)
	}
	if r.promoted.Add(int64(c.size())) > maxPromotions {
		r.promotions, r.byCommit = nil, nil
		return
	}
	all, byCommit := c.promotions(name)
	r.promotions = append(r.promotions, all...)
	r.byCommit = append(r.byCommit, byCommit...)
}

func (r *configReader) unreadable(name string, err error) {
	r.problems = append(r.problems, source.Problem{
		Pos: source.Position{File: name}, Message: fmt.Sprintf("the file cannot be read: %v", withoutPath(err)),
	})
}

// read returns a file's bytes, which are valid until the next read.
func (r *configReader) read(name string) ([]byte, error) {
	f, err := r.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := r.buffer[:0]
	for {
		if len(data) == cap(data) {
			data = append(data, make([]byte, 32<<10)...)[:len(data)]
		}
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch r.buffer = data; {
		case len(data) > maxText:
			return nil, tooLarge(name, maxText)
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		}
	}
}
