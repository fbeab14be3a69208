package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// periodic is the part of a generated job that is needed to run it as Kubernetes would.
type periodic struct {
	Name string `json:"name"`
	Spec struct {
		Containers []struct {
			Command []string `json:"command"`
			Args    []string `json:"args"`
			Env     []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"env"`
			VolumeMounts []struct {
				Name      string `json:"name"`
				MountPath string `json:"mountPath"`
				SubPath   string `json:"subPath"`
			} `json:"volumeMounts"`
		} `json:"containers"`
		Volumes []struct {
			Name   string `json:"name"`
			Secret *struct {
				SecretName string `json:"secretName"`
			} `json:"secret"`
			ConfigMap *struct {
				Name string `json:"name"`
			} `json:"configMap"`
		} `json:"volumes"`
	} `json:"spec"`
}

func periodics(t *testing.T, file string) []periodic {
	t.Helper()
	var jobs struct {
		Periodics []periodic `json:"periodics"`
	}
	if err := yaml.Unmarshal(readFile(t, file), &jobs); err != nil {
		t.Fatal(err)
	}
	return jobs.Periodics
}

// cluster is what jobs find in the cluster that they run in.
type cluster struct {
	secrets    map[string]map[string]string // by name, then key
	configMaps map[string]map[string]string
	bin        string   // folder of the commands in the job's image
	env        []string // of the image
}

// run lays out a job, starts its command with its environment, and returns its
// output and exit code.
func (c *cluster) run(t *testing.T, p periodic) (string, int) {
	t.Helper()
	l := c.layOut(t, p)
	if own := filepath.Join(c.bin, l.argv[0]); !strings.Contains(l.argv[0], "/") {
		l.argv[0] = own
	}
	cmd := exec.Command(l.argv[0], l.argv[1:]...)
	var out bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = l.env, l.root, &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatalf("%s does not start: %v", p.Name, err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// laidOut is a job whose files lie below a folder in the place of the root of
// its container's file system.
type laidOut struct {
	root  string
	argv  []string
	env   []string
	moved []string // paths of the container, each with the one below the folder
}

// layOut puts the volumes of a job below a folder of its own.
func (c *cluster) layOut(t *testing.T, p periodic) laidOut {
	t.Helper()
	if len(p.Spec.Containers) != 1 {
		t.Fatalf("%s has %d containers", p.Name, len(p.Spec.Containers))
	}
	container := p.Spec.Containers[0]
	l := laidOut{root: t.TempDir()}
	l.moved = []string{"/tmp/", l.root + "/tmp/"}
	mkdir(t, filepath.Join(l.root, "tmp"))
	for _, m := range container.VolumeMounts {
		data := c.volume(t, p, m.Name)
		target := filepath.Join(l.root, filepath.FromSlash(m.MountPath))
		l.moved = append(l.moved, m.MountPath, target)
		if m.SubPath == "" {
			projectVolume(t, target, data)
			continue
		}
		text, ok := data[m.SubPath]
		if !ok {
			t.Fatalf("%s mounts the key %s, which is not there", p.Name, m.SubPath)
		}
		writeFile(t, target, text)
	}
	l.env = append([]string{"PATH=" + c.bin + string(os.PathListSeparator) + os.Getenv("PATH")}, c.env...)
	for _, e := range container.Env {
		value := e.Value
		if filepath.IsAbs(value) { // such as HOME
			value = filepath.Join(l.root, value)
		}
		l.env = append(l.env, e.Name+"="+value)
	}
	move := strings.NewReplacer(l.moved...)
	for _, a := range append(container.Command, container.Args...) {
		l.argv = append(l.argv, move.Replace(a))
	}
	return l
}

// volume returns the keys of the secret or ConfigMap of a volume.
func (c *cluster) volume(t *testing.T, p periodic, name string) map[string]string {
	t.Helper()
	for _, v := range p.Spec.Volumes {
		var data map[string]string
		ok := true
		switch {
		case v.Name != name:
			continue
		case v.Secret != nil:
			data, ok = c.secrets[v.Secret.SecretName]
		case v.ConfigMap != nil:
			data, ok = c.configMaps[v.ConfigMap.Name]
		}
		if !ok || data == nil {
			t.Fatalf("%s: nothing to mount as %s", p.Name, name)
		}
		return data
	}
	t.Fatalf("%s has no volume %s", p.Name, name)
	return nil
}

// projectVolume makes the files of a volume as kubelet does: links to files in
// a folder behind a link.
func projectVolume(t *testing.T, dir string, data map[string]string) {
	t.Helper()
	for key, text := range data {
		writeFile(t, filepath.Join(dir, "..1", key), text)
		if err := os.Symlink(filepath.Join("..data", key), filepath.Join(dir, key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..1", filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}
