package hostile

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A Writer is a command line that writes into a tree.
type Writer struct {
	// Args are the arguments; $TREE stands for the folder of the tree.
	Args []string
	// Target is a file that is written, below the tree.
	Target string
	// Files are files of the tree that differ from those of [Plain]. An empty text
	// removes the file.
	Files map[string]string
}

// Plain returns the files of a tree in which every command has something to write.
func Plain() map[string]string {
	const mirroring = "core-services/image-mirroring/"
	return map[string]string{
		"OWNERS":                        "approvers: [alice]\n",
		mirroring + "OWNERS":            "approvers: [alice]\n",
		mirroring + "_mirror.yaml":      "adopted: true\n",
		mirroring + "team/OWNERS":       "approvers: [alice]\n",
		mirroring + "team/_job.yaml":    "secret: push-team\n",
		mirroring + "team/mapping_team": "registry.ci.openshift.org/team/a:b  quay.io/team/a:b\n",
		mirroring + "lab/OWNERS":        "approvers: [alice]\n",
		mirroring + "lab/_job.yaml":     "secret: push-lab\n",
		mirroring + "lab/_config.yaml": "source_registry: registry.ci.openshift.org\nsource_namespace: lab\n" +
			"target_registry: quay.io\ntarget_namespace: lab\nimages:\n  \"1.9\":\n  - \"1.9\"\n  - latest\n",
		"ci-operator/config/lab/app/lab-app-main.yaml": "images:\n- to: app\npromotion:\n  namespace: lab\n  name: \"1.9\"\n",
		"out/README": "reports\n",
	}
}

// plant writes the files of a tree into a new folder.
func plant(t testing.TB, changed map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files := Plain()
	maps.Copy(files, changed)
	maps.DeleteFunc(files, func(_, text string) bool { return text == "" })
	write(t, dir, files)
	return dir
}

// TestWriter runs a command line in a tree as it is, where it has to write its
// target, and in trees whose links lead out: nothing outside of them may be changed
// or shown. run gives all that the command prints.
func TestWriter(t *testing.T, w Writer, run func(args ...string) string) {
	in := func(dir string) []string {
		args := make([]string, len(w.Args))
		for i, a := range w.Args {
			args[i] = strings.ReplaceAll(a, "$TREE", dir)
		}
		return args
	}
	dir := plant(t, w.Files)
	before, _ := os.ReadFile(filepath.Join(dir, w.Target))
	said := run(in(dir)...)
	if after, err := os.ReadFile(filepath.Join(dir, w.Target)); err != nil || bytes.Equal(before, after) {
		t.Errorf("%s is not written: %v\n%s", w.Target, err, said)
	}
	for _, link := range Links() {
		t.Run(link.Name, func(t *testing.T) {
			dir, outside := plant(t, w.Files), NewOutside(t)
			link.Set(t, outside, dir, w.Target)
			said := run(in(dir)...)
			outside.Check(t)
			if strings.Contains(said, Secret) {
				t.Errorf("the secret is printed: %s", said)
			}
			err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
				if err != nil || !d.Type().IsRegular() {
					return err
				}
				text, err := os.ReadFile(name)
				if bytes.Contains(text, []byte(Secret)) {
					t.Errorf("%s holds the secret", name)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
