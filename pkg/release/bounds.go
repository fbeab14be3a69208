package release

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync/atomic"

	"github.com/mirror-tools/mirror-tools/internal/treefs"
)

// Limits of a tree, which bound memory and time. Each is many times what the
// largest release repository has.
const (
	maxMapping      = 2 << 20   // bytes of a mapping file; one ConfigMap takes 1 MiB
	maxText         = 8 << 20   // bytes of any other file
	maxLines        = 400_000   // lines of all mapping files
	maxWords        = 1_000_000 // references in all mapping files
	maxSets         = 5_000     // sets
	maxJobs         = 5_000     // periodics of the jobs file
	maxJobSettings  = 4 << 20   // bytes of the _job.yaml of all sets
	maxEntries      = 1_000_000 // entries of all folders that are read
	maxPromotions   = 1_000_000 // tags that configs promote to
	maxManifests    = 24 << 20  // bytes of all manifests that are parsed
	maxManifestDirs = 50        // folders that manifests are read from
	maxSecrets      = 200_000   // secrets, counted for each cluster and namespace
)

var errTooMany = fmt.Errorf("the tree has more than %d files and folders", maxEntries)

// bounded is a file system with limits for files and folders.
type bounded struct {
	fs.FS
	listed atomic.Int64
}

// bound returns fsys with limits.
func bound(fsys fs.FS) fs.FS {
	if b, ok := fsys.(*bounded); ok {
		fsys = b.FS
	}
	return &bounded{FS: fsys}
}

// limit returns the maximum size of a file of this name.
func limit(name string) int {
	if strings.HasPrefix(path.Base(name), "mapping_") {
		return maxMapping
	}
	return maxText
}

// ReadFile implements [fs.ReadFileFS].
func (b *bounded) ReadFile(name string) ([]byte, error) {
	most := limit(name)
	var data []byte
	var err error
	if f, ok := b.FS.(interface {
		ReadFileAtMost(name string, most int64) ([]byte, error)
	}); ok {
		data, err = f.ReadFileAtMost(name, int64(most))
	} else {
		data, err = fs.ReadFile(b.FS, name)
	}
	if errors.Is(err, treefs.ErrTooBig) || err == nil && len(data) > most {
		return nil, tooLarge(name, most)
	}
	return data, err
}

// ReadDir implements [fs.ReadDirFS].
func (b *bounded) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(b.FS, name)
	if err == nil && b.listed.Add(int64(len(entries))) > maxEntries {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errTooMany}
	}
	return entries, err
}

// Stat implements [fs.StatFS].
func (b *bounded) Stat(name string) (fs.FileInfo, error) { return fs.Stat(b.FS, name) }

func tooLarge(name string, most int) error {
	return &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it has more than %d MiB, which no file of its kind needs", most>>20)}
}

// withoutPath removes the path from an error, because the position has it.
func withoutPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
