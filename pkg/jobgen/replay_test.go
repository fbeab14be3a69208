package jobgen

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// corpus returns a file of the real data, or skips the test.
func corpus(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("MIRROR_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	file, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Skipf("no real data: %v (set MIRROR_CORPUS)", err)
	}
	return file
}

// history is a clone of the real history of the jobs file.
type history struct{ dir string }

func openHistory(t *testing.T, bundle, branch string) history {
	t.Helper()
	bundle = corpus(t, bundle)
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("no git: %v", err)
	}
	h := history{filepath.Join(t.TempDir(), "history.git")}
	if out, err := exec.Command("git", "clone", "-q", "--bare", "-b", branch, bundle, h.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return h
}

func (h history) git(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", h.dir}, args...)...).Output()
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return out
}

// versions returns each commit that changed the jobs file, and its day.
func (h history) versions(t *testing.T) [][2]string {
	var out [][2]string
	for line := range strings.Lines(string(h.git(t, "log", "--format=%H %as", "HEAD", "--", "ci-operator/jobs/infra-image-mirroring.yaml"))) {
		commit, day, _ := strings.Cut(strings.TrimSpace(line), " ")
		out = append(out, [2]string{commit, day})
	}
	return out
}

// tree returns the files of one commit that jobs are made from.
func (h history) tree(t *testing.T, commit string) fs.FS {
	t.Helper()
	cmd := exec.Command("git", "-C", h.dir, "archive", "--format=tar", commit)
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("git archive %s: %v", commit, err)
	}
	return untar(t, bytes.NewReader(text))
}

// TestReplayHistory imports every version of the real jobs file and generates
// it again: the same bytes since people wrote it in the style of generated
// files (2020-04), the same periodics as Prow reads them before. A set needs
// few lines, and a patch where no setting can say it only.
func TestReplayHistory(t *testing.T) {
	const styled = "2020-04"
	for _, h := range []struct {
		bundle, branch string
		least          int // how many versions give the same bytes
		patched        int // in how many of the jobs of all versions a patch is left
	}{
		{"history-2019-2022.bundle", "history", 84, 2},      // a job that mounts its only secret as "pull"
		{"history-2024-migration.bundle", "history", 25, 1}, // a job with a volume that it does not mount
	} {
		t.Run(h.bundle, func(t *testing.T) {
			repo := openHistory(t, h.bundle, h.branch)
			var exact, same, jobs, patched, scripts int
			for _, v := range repo.versions(t) {
				commit, day := v[0][:12], v[1]
				tree, err := release.Load(repo.tree(t, v[0]))
				if err != nil {
					t.Errorf("%s %s: %v", day, commit, err)
					continue
				}
				im, err := Import(tree)
				switch {
				case err != nil:
					t.Errorf("%s %s: %v", day, commit, err)
					continue
				case im.Exact:
					exact++
				case day >= styled:
					t.Errorf("%s %s: generate does not give the same bytes", day, commit)
				default:
					same++
				}
				var lines []int
				for _, f := range im.Files {
					if strings.HasSuffix(f.Path, release.JobSettingsName) {
						lines = append(lines, bytes.Count(f.New, []byte("\n")))
					}
				}
				if m := median(lines); m > 4 {
					t.Errorf("%s %s: a set has %d lines in the median", day, commit, m)
				}
				for _, j := range im.Jobs {
					jobs++
					if slices.Contains(j.Settings, "patch") {
						patched++
						t.Logf("%s %s: a patch in %s", day, commit, j.Job)
					}
					if slices.Contains(j.Settings, "script") {
						scripts++
					}
				}
			}
			t.Logf("%d versions give the same bytes, %d older ones the same periodics; of %d jobs %d have a patch and %d a script",
				exact, same, jobs, patched, scripts)
			if exact < h.least {
				t.Errorf("only %d versions give the same bytes", exact)
			}
			if patched > h.patched {
				t.Errorf("%d jobs have a patch", patched)
			}
		})
	}
}

// TestCorpusTrees imports the jobs of the real trees: generate gives the
// same bytes, Prow loads them, and the settings are short.
func TestCorpusTrees(t *testing.T) {
	for _, name := range []string{"release-2020-08", "release-2022-12", "release-2024-05"} {
		t.Run(name, func(t *testing.T) {
			files := corpusTree(t, name)
			tree := mustLoad(t, files)
			raw, err := Generate(tree, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := Load(raw.Jobs.New, t.TempDir()); err != nil {
				t.Error(err)
			}
			im, err := Import(tree)
			if err != nil {
				t.Fatal(err)
			}
			if !im.Exact {
				t.Error("generate does not give the same bytes")
			}
			var lines []int
			for _, f := range im.Files {
				files[f.Path] = &fstest.MapFile{Data: f.New}
				if strings.HasSuffix(f.Path, release.JobSettingsName) {
					lines = append(lines, bytes.Count(f.New, []byte("\n")))
				}
			}
			out, err := Generate(mustLoad(t, files), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(out.Jobs.New, out.Jobs.Old) {
				t.Errorf("generate changes the file:\n%s", out.Jobs.Diff())
			}
			if err := Load(out.Jobs.New, t.TempDir()); err != nil {
				t.Error(err)
			}
			m := median(lines)
			t.Logf("%d sets, %d jobs, %d lines in the median", len(lines), len(im.Jobs), m)
			if m > 4 {
				t.Errorf("a _job.yaml has %d lines in the median", m)
			}
		})
	}
}

func mustLoad(t testing.TB, fsys fs.FS) *release.Tree {
	t.Helper()
	tree, err := release.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func corpusTree(t *testing.T, name string) fstest.MapFS {
	t.Helper()
	f, err := os.Open(corpus(t, name+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return untar(t, gunzip(t, f))
}

// TestMigrationIsOneLine imports the jobs of the real tree of 2024 and changes one
// line of _mirror.yaml: every job changes in that respect and in no other.
func TestMigrationIsOneLine(t *testing.T) {
	for name, test := range map[string]struct {
		old, new string
		removed  []string // lines that go from each job, but for the values of variables
		added    []string
	}{
		"cluster": {"  cluster: app.ci\n", "  cluster: build77\n", []string{"-  cluster: app.ci"}, []string{"+  cluster: build77"}},
		"runner": {"  runner: entrypoint\n", "  runner: mirror\n",
			[]string{"-    - command:", "-      - /tp-entrypoint.sh", "-      - name: dry_run"},
			[]string{"+      command:", "+      - mirror", "+      - run"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := corpusTree(t, "release-2024-05")
			im, err := Import(mustLoad(t, files))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range im.Files {
				text := f.New
				if strings.HasSuffix(f.Path, "/_mirror.yaml") {
					if text = bytes.Replace(f.New, []byte(test.old), []byte(test.new), 1); bytes.Equal(text, f.New) {
						t.Fatalf("_mirror.yaml has no line %q:\n%s", test.old, f.New)
					}
				}
				files[f.Path] = &fstest.MapFile{Data: text}
			}
			out, err := Generate(mustLoad(t, files), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := Load(out.Jobs.New, t.TempDir()); err != nil {
				t.Error(err)
			}
			jobs := strings.Count(string(out.Jobs.Old), "\n- agent:")
			if len(out.Changed) != jobs || len(out.Added)+len(out.Removed) > 0 {
				t.Errorf("of %d jobs %d change, %d come, %d go", jobs, len(out.Changed), len(out.Added), len(out.Removed))
			}
			diff := string(out.Jobs.Diff())
			for _, line := range append(test.removed, test.added...) {
				if n := strings.Count(diff, "\n"+line+"\n"); n != jobs {
					t.Errorf("%d of %d jobs have the line %q", n, jobs, line)
				}
			}
			first, _, _ := strings.Cut(diff[strings.Index(diff, "@@"):], "\n@@")
			t.Logf("%v in each of %d jobs:\n%s", out.Changed[0].What, jobs, first)
		})
	}
}
