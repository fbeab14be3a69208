package release

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

// ErrNotRelease means that a folder has neither mappings nor mirroring jobs.
var ErrNotRelease = errors.New("not a release repository")

// Option changes how [Load] reads a repository.
type Option func(*loader)

// WithLayout sets the layout, instead of the mirror-tools.yaml at the root of
// the repository.
func WithLayout(layout Layout) Option { return func(l *loader) { l.given = &layout } }

// WithSettings takes the settings, and where things lie, from another tree, such as
// the one before a change, instead of the files of the repository.
func WithSettings(tree *Tree) Option {
	return func(l *loader) {
		layout := tree.Layout
		l.given, l.trusted = &layout, tree.Settings
	}
}

// Load reads a release repository whose root is the root of fsys. Its layout is
// that of its mirror-tools.yaml, over [DefaultLayout]. Load fails with
// [ErrNotRelease], or if the root cannot be read; any problem below becomes one
// of the tree's Problems.
func Load(fsys fs.FS, options ...Option) (*Tree, error) {
	if _, err := fs.Stat(fsys, "."); err != nil {
		return nil, fmt.Errorf("reading the release repository: %w", err)
	}
	fsys = bound(fsys)
	l := &loader{fileReader: fileReader{fsys, &Tree{FS: fsys, files: map[string][]byte{}}}}
	for _, o := range options {
		o(l)
	}
	l.layout()
	l.settings()
	jobs := l.jobs()
	mirrored := l.sets()
	if !jobs && !mirrored {
		return nil, fmt.Errorf("%w: it has no %s and no %s", ErrNotRelease, l.tree.Layout.Mirroring, l.tree.Layout.Jobs)
	}
	l.aliases()
	slices.SortStableFunc(l.tree.Problems, func(a, b Problem) int { return a.Pos.Compare(b.Pos) })
	return l.tree, nil
}

// Text returns the bytes of a file of the tree, to show the line of a position.
// It returns nil if the file cannot be read.
func (t *Tree) Text(name string) []byte {
	if text, ok := t.files[name]; ok {
		return text
	}
	text, err := fs.ReadFile(t.FS, name)
	if err != nil {
		return nil
	}
	return text
}

// Files returns the names of the files that Load read, in order.
func (t *Tree) Files() []string { return slices.Sorted(maps.Keys(t.files)) }

// Mappings returns all mapping files of all sets in order.
func (t *Tree) Mappings() []*MappingFile {
	var all []*MappingFile
	for _, s := range t.Sets {
		all = append(all, s.Files...)
	}
	return all
}

type loader struct {
	fileReader
	given   *Layout   // nil: that of the repository
	trusted *Settings // nil: those of the repository

	lines, words int  // of all mapping files so far
	full         bool // the limit is reached
	settingBytes int  // of the settings of jobs so far
}

// fileReader reads files and folders of a tree and collects what cannot be read.
type fileReader struct {
	fsys fs.FS
	tree *Tree
}

func (l *fileReader) report(part Part, set string, problems ...source.Problem) {
	for _, p := range problems {
		l.tree.Problems = append(l.tree.Problems, Problem{Problem: p, Part: part, Set: set})
	}
}

// read returns the bytes of a file. A missing file is not a problem; an
// unreadable one is.
func (l *fileReader) read(name string, part Part, set string) ([]byte, bool) {
	data, err := fs.ReadFile(l.fsys, name)
	switch {
	case err == nil:
		l.tree.files[name] = data
		return data, true
	case !errors.Is(err, fs.ErrNotExist):
		l.unreadable(name, part, set, err)
	case l.dangling(name):
		l.unreadable(name, part, set, errNowhere)
	}
	return nil, false
}

// dangling reports whether a folder lists a name that cannot be opened.
func (l *fileReader) dangling(name string) bool {
	entries, _ := fs.ReadDir(l.fsys, path.Dir(name))
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == path.Base(name) })
}

func (l *fileReader) unreadable(name string, part Part, set string, err error) {
	l.report(part, set, notRead(name, err))
}

// notRead is the problem of a file that cannot be read.
func notRead(name string, err error) source.Problem {
	return source.Problem{
		Pos:     source.Position{File: name},
		Message: fmt.Sprintf("the file cannot be read: %v", withoutPath(err)),
		Hint:    "make it a regular file that everybody may read",
	}
}

// configuration reads a file of another component. Without its bytes, it returns
// why they are missing; a file that exists and cannot be read is a problem.
func configuration(t *Tree, name string) (data []byte, missing string, problems []source.Problem) {
	data, err := fs.ReadFile(t.FS, name)
	switch {
	case err == nil:
		return data, "", nil
	case errors.Is(err, fs.ErrNotExist) && !(&fileReader{fsys: t.FS}).dangling(name):
		return nil, "no " + name + " in the tree", nil
	case errors.Is(err, fs.ErrNotExist):
		err = errNowhere
	}
	problem := notRead(name, err)
	return nil, problem.Error(), []source.Problem{problem}
}

func (l *loader) layout() {
	if l.given != nil {
		l.tree.Layout = *l.given
		return
	}
	l.tree.Layout = DefaultLayout()
	if data, ok := l.read(LayoutFile, PartLayout, ""); ok {
		layout, problems := ParseLayout(LayoutFile, data)
		l.report(PartLayout, "", problems...)
		l.tree.Layout = layout
	}
}

func (l *loader) settings() {
	layout := &l.tree.Layout
	l.tree.Settings = DefaultSettings(*layout)
	if data, ok := l.read(layout.Settings(), PartSettings, ""); ok {
		settings, problems := ParseSettings(*layout, data)
		l.report(PartSettings, "", problems...)
		l.tree.Settings = settings
	}
	if l.trusted != nil { // problems in the others are still reported
		l.tree.Settings = l.trusted
	}
	layout.Jobs = l.tree.Settings.JobsFile
}

func (l *loader) aliases() {
	if data, ok := l.read(l.tree.Layout.Aliases, PartAliases, ""); ok {
		aliases, problems := parseAliases(l.tree.Layout.Aliases, data)
		l.report(PartAliases, "", problems...)
		l.tree.Aliases = aliases
	}
}

func (l *loader) jobs() bool {
	name := l.tree.Layout.Jobs
	data, ok := l.read(name, PartJobs, "")
	if !ok {
		return false
	}
	file, problems := parseJobs(name, data, l.tree.Settings)
	l.report(PartJobs, "", problems...)
	l.tree.Jobs = file
	return true
}

// sets reads every sub-folder of the mirroring folder. It returns false if that
// does not exist.
func (l *loader) sets() bool {
	dir := l.tree.Layout.Mirroring
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.unreadable(dir, PartOther, "", err)
		}
		return false
	}
	for _, e := range entries {
		name := e.Name()
		file := dir + "/" + name
		switch folder, err := l.isDir(file, e); {
		case err != nil && file != l.tree.Layout.Settings(): // whose errors are reported when it is read
			l.unreadable(file, PartOther, "", err)
		case folder && len(l.tree.Sets) == maxSets:
			l.report(PartOther, "", source.Problem{
				Pos:     source.Position{File: file},
				Message: fmt.Sprintf("this folder and those after it are not read: there are more than %d sets", maxSets),
				Hint:    "remove the folders that are not sets",
			})
			return true
		case folder:
			l.tree.Sets = append(l.tree.Sets, l.set(name))
		case strings.HasPrefix(name, "mapping_"):
			l.tree.Loose = append(l.tree.Loose, name)
		}
	}
	return true
}

// isDir reports whether an entry is a folder, after following symbolic links. A
// target that is neither a folder nor a regular file is an error.
func (l *fileReader) isDir(name string, e fs.DirEntry) (bool, error) {
	mode := e.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := fs.Stat(l.fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			return false, errNowhere
		}
		if err != nil {
			return false, err
		}
		mode = info.Mode()
	}
	if !mode.IsDir() && !mode.IsRegular() {
		return false, errSpecial
	}
	return mode.IsDir(), nil
}

var (
	errNowhere = errors.New("a dangling symbolic link")
	errSpecial = errors.New("not a regular file or folder")
)

func (l *loader) set(name string) *Set {
	s := &Set{Name: name, Dir: l.tree.Layout.Set(name)}
	entries, err := fs.ReadDir(l.fsys, s.Dir)
	if err != nil {
		l.unreadable(s.Dir, PartOther, name, err)
		return s
	}
	for _, e := range entries {
		base := e.Name()
		file := s.Dir + "/" + base
		dir, err := l.isDir(file, e)
		switch {
		case dir:
			s.Others = append(s.Others, base+"/")
			l.nested(s, base)
		case base == "OWNERS":
			l.owners(s, file)
		case base == JobSettingsName:
			l.jobSettings(s, file)
		case strings.HasPrefix(base, "mapping_"):
			l.mapping(s, file)
		case err != nil:
			l.unreadable(file, PartOther, s.Name, err)
		default:
			s.Others = append(s.Others, base)
			if base != MappingConfigName {
				continue
			}
			if data, ok := l.read(file, PartOther, s.Name); ok {
				s.Generated = ParseMappingConfig(file, data)
			}
		}
	}
	return s
}

// nested finds the mapping files of a sub-directory of a set.
func (l *loader) nested(s *Set, dir string) {
	entries, err := fs.ReadDir(l.fsys, s.Dir+"/"+dir)
	if err != nil {
		l.unreadable(s.Dir+"/"+dir, PartOther, s.Name, err)
		return
	}
	for _, e := range entries {
		if name := dir + "/" + e.Name(); strings.HasPrefix(e.Name(), "mapping_") && !e.IsDir() {
			s.Nested = append(s.Nested, name)
		}
	}
}

func (l *loader) mapping(s *Set, name string) {
	data, ok := l.read(name, PartMapping, s.Name)
	if !ok || !l.room(s, name, data) {
		return
	}
	s.Files = append(s.Files, &MappingFile{
		File: mapping.Parse(name, data), Set: s, Path: name, Base: path.Base(name), Size: len(data),
	})
}

// room reports whether one more mapping file is within the limits. It adds a
// problem for the first that is not.
func (l *loader) room(s *Set, name string, data []byte) bool {
	l.lines += bytes.Count(data, []byte{'\n'}) + 1
	l.words += countWords(data)
	if l.lines <= maxLines && l.words <= maxWords {
		return true
	}
	if !l.full {
		l.report(PartMapping, s.Name, source.Problem{
			Pos:     source.Position{File: name},
			Message: fmt.Sprintf("this file and those after it are not read: with it, the mapping files have more than %d lines or %d references", maxLines, maxWords),
			Hint:    "remove the files that are not mappings",
		})
	}
	l.full = true
	return false
}

// countWords returns an upper bound for the references of a mapping file.
func countWords(data []byte) int {
	n, inside := 0, false
	for _, c := range data {
		if c == ' ' || c == '\n' || c == '=' {
			inside = false
		} else if !inside {
			n, inside = n+1, true
		}
	}
	return n
}

func (l *loader) owners(s *Set, name string) {
	s.Owners = &Owners{Path: name}
	data, ok := l.read(name, PartOwners, s.Name)
	if !ok {
		return
	}
	owners, problems := parseOwners(name, data)
	s.Owners = owners
	l.report(PartOwners, s.Name, problems...)
}

func (l *loader) jobSettings(s *Set, name string) {
	data, ok := l.read(name, PartJobSettings, s.Name)
	if !ok {
		return
	}
	before := l.settingBytes
	if l.settingBytes += len(data); l.settingBytes > maxJobSettings {
		if before <= maxJobSettings {
			l.report(PartJobSettings, s.Name, source.Problem{
				Pos:     source.Position{File: name},
				Message: fmt.Sprintf("this file and those after it are not read: with it, the settings of jobs have more than %d MiB", maxJobSettings>>20),
				Hint:    "remove the settings that no job needs",
			})
		}
		return
	}
	settings, problems := ParseJobSettings(name, data)
	s.Job = settings
	l.report(PartJobSettings, s.Name, problems...)
}
