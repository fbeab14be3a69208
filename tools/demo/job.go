package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// job is what the demo needs of a generated periodic to run it as Kubernetes
// would.
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

// upload does what config-updater does: every mapping file of every set becomes
// a key of one ConfigMap, here a file in one folder. The hosts are replaced by
// those of the demo's registries.
func (d *demo) upload(dir, source, destination string) (map[string][]string, error) {
	files, err := filepath.Glob(filepath.Join(d.tree, "core-services/image-mirroring/*/mapping_*"))
	if err != nil {
		return nil, err
	}
	keys := map[string][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		text := strings.NewReplacer("registry.ci.openshift.org/", source+"/", "quay.io/", destination+"/").Replace(string(data))
		key := filepath.Base(file)
		if err := os.WriteFile(filepath.Join(dir, key), []byte(text), 0o644); err != nil {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				keys[key] = append(keys[key], line)
			}
		}
	}
	return keys, nil
}

func (d *demo) mirror() error {
	const name = "periodic-image-mirroring-webshop"
	d.title("3. Two registries: the CI's, with what it promoted, and an empty one outside")
	source, stop, err := embedded()
	if err != nil {
		return err
	}
	defer stop()
	destination, stopDestination, err := embedded()
	if err != nil {
		return err
	}
	defer stopDestination()
	images := []string{"webshop/latest:frontend", "webshop/latest:backend", "webshop/latest:cli"}
	if err := push(source, images); err != nil {
		return err
	}
	d.say("registry.ci.openshift.org is %s and holds %s", source, strings.Join(images, ", "))
	d.say("quay.io is %s and holds nothing", destination)

	config := filepath.Join(d.work, "imagemirror")
	if err := os.Mkdir(config, 0o755); err != nil {
		return err
	}
	keys, err := d.upload(config, source, destination)
	if err != nil {
		return err
	}
	auth := filepath.Join(d.work, "auth.json")
	if err := os.WriteFile(auth, []byte(`{"auths": {}}`), 0o600); err != nil {
		return err
	}
	j, err := readJob(filepath.Join(d.tree, "ci-operator/jobs/infra-image-mirroring.yaml"), name)
	if err != nil {
		return err
	}
	c := j.Spec.Containers[0]
	argv := append(append([]string{}, c.Command...), c.Args...)
	for i, a := range argv {
		argv[i] = strings.ReplaceAll(a, "/etc/imagemirror", config)
	}
	for _, m := range c.VolumeMounts {
		if m.SubPath != "" { // the secret's key, mounted as one file
			for i, a := range argv {
				argv[i] = strings.ReplaceAll(a, m.MountPath, auth)
			}
		}
	}
	argv = append(argv, "--insecure", source, "--insecure", destination)

	d.title("4. The generated job %s runs: every image is copied", name)
	first, err := d.expect(0, nil, filepath.Base(argv[0]), argv[1:]...)
	if err != nil {
		return err
	}
	d.title("5. An hour later it runs again: nothing is copied")
	second, err := d.expect(0, nil, filepath.Base(argv[0]), argv[1:]...)
	if err != nil {
		return err
	}
	same, err := compare(keys["mapping_webshop_latest"])
	if err != nil {
		return err
	}
	d.title("What you saw")
	d.say("- mirror-lint found the mistakes of the tree: each would have stopped or corrupted a set in production.")
	d.say("- mirror-jobgen wrote the jobs from the folders, and would fail a pull request that forgets to.")
	d.say("- mirror copied %d destinations; %d of them were read back and have the digest of their source.", strings.Count(first, "copied "), same)
	d.say("- The second run copied %d.", strings.Count(second, "copied "))
	return nil
}
