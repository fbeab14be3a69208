package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// job is the part of a generated periodic that the demo needs to run it as
// Kubernetes would.
type job struct {
	Name string `json:"name"`
	Spec struct {
		Containers []struct {
			Command      []string `json:"command"`
			Args         []string `json:"args"`
			VolumeMounts []struct {
				Name      string `json:"name"`
				MountPath string `json:"mountPath"`
				SubPath   string `json:"subPath"`
			} `json:"volumeMounts"`
		} `json:"containers"`
	} `json:"spec"`
}

// readJob finds a periodic in the jobs file.
func readJob(file, name string) (job, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return job{}, err
	}
	var jobs struct {
		Periodics []job `json:"periodics"`
	}
	if err := yaml.Unmarshal(data, &jobs); err != nil {
		return job{}, err
	}
	for _, j := range jobs.Periodics {
		if j.Name == name && len(j.Spec.Containers) == 1 {
			return j, nil
		}
	}
	return job{}, fmt.Errorf("%s has no job %s", file, name)
}

// upload copies all mapping files to one folder, as config-updater does, and
// replaces their hosts with the demo's registries. It returns the folder and the
// lines of all files.
func (d *demo) upload(source, destination string) (dir string, lines []string, err error) {
	files, err := filepath.Glob(filepath.Join(d.tree, "core-services/image-mirroring/*/mapping_*"))
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(d.work, "imagemirror")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", nil, err
	}
	hosts := strings.NewReplacer("registry.ci.openshift.org/", source+"/", "quay.io/", destination+"/")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", nil, err
		}
		text := hosts.Replace(string(data))
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(text), 0o644); err != nil {
			return "", nil, err
		}
		lines = append(lines, strings.Split(strings.TrimSpace(text), "\n")...)
	}
	return dir, lines, nil
}

// argv returns the command of the generated job, with the demo's folder and
// credentials instead of those that Kubernetes would mount.
func (d *demo) argv(mappings string, insecure ...string) ([]string, error) {
	j, err := readJob(filepath.Join(d.tree, jobsFile), "periodic-image-mirroring-webshop")
	if err != nil {
		return nil, err
	}
	auth := filepath.Join(d.work, "auth.json")
	if err := os.WriteFile(auth, []byte(`{"auths": {}}`), 0o600); err != nil {
		return nil, err
	}
	c := j.Spec.Containers[0]
	mounts := []string{"/etc/imagemirror", mappings}
	for _, m := range c.VolumeMounts {
		if m.SubPath != "" { // the secret's key, mounted as one file
			mounts = append(mounts, m.MountPath, auth)
		}
	}
	var argv []string
	for _, a := range slices.Concat(c.Command, c.Args) {
		argv = append(argv, strings.NewReplacer(mounts...).Replace(a))
	}
	for _, host := range insecure {
		argv = append(argv, "--insecure", host)
	}
	return argv, nil
}
