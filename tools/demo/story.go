package main

import (
	"cmp"
	_ "embed"
	"os"
	"path/filepath"
	"strings"
)

//go:embed release.txtar
var release []byte

const (
	setDir   = "core-services/image-mirroring/webshop"
	file     = setDir + "/mapping_webshop_latest"
	jobsFile = "ci-operator/jobs/infra-image-mirroring.yaml"
	wrong    = "registry.ci.openshift.org/webshop/latest:cli quay.io/webshop/frontend:1.4\n"
	right    = "registry.ci.openshift.org/webshop/latest:cli quay.io/webshop/cli:1.4\n"
)

// rewrite replaces text in a file of the tree.
func (d *demo) rewrite(name, old, new string) error {
	path := filepath.Join(d.tree, name)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644)
}

func (d *demo) append(name, text string) error {
	f, err := os.OpenFile(filepath.Join(d.tree, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return cmp.Or(err, f.Close())
}

func (d *demo) mistake() error {
	d.title("1. Somebody adds a line to %s", filepath.Base(file))
	d.say("+ %s", strings.TrimSpace(wrong))
	if err := d.append(file, wrong); err != nil {
		return err
	}
	d.say("After a merge, no image of the file would be mirrored any more. mirror-lint finds the mistake:\n")
	_, err := d.expect(1, nil, "mirror-lint", ".")
	return err
}

func (d *demo) fix() error {
	d.title("2. Somebody fixes the line")
	d.say("+ %s", strings.TrimSpace(right))
	if err := d.rewrite(file, wrong, right); err != nil {
		return err
	}
	_, err := d.expect(0, nil, "mirror-lint", ".")
	return err
}

func (d *demo) job() error {
	d.title("3. Switch the set from the shell loop to mirror: one line in its _job.yaml")
	d.say("+ runner: mirror")
	if err := d.append(setDir+"/_job.yaml", "runner: mirror\n"); err != nil {
		return err
	}
	if _, err := d.expect(1, nil, "mirror-jobgen", "generate", "--check", "."); err != nil {
		return err
	}
	_, err := d.expect(0, nil, "mirror-jobgen", "generate", ".")
	return err
}

func (d *demo) copy(out string) error {
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
	if err := push(source, []string{"webshop/latest:frontend", "webshop/latest:backend", "webshop/latest:cli"}); err != nil {
		return err
	}
	mappings, lines, err := d.upload(source, destination)
	if err != nil {
		return err
	}
	argv, err := d.argv(mappings, source, destination)
	if err != nil {
		return err
	}
	reports, err := emptied(out)
	if err != nil {
		return err
	}
	d.title("4. Run the generated job, from the CI registry (%s) to quay.io (%s)", source, destination)
	if _, err := d.expect(0, nil, argv[0], append([]string{"plan"}, argv[2:]...)...); err != nil {
		return err
	}
	if _, err := d.expect(0, []string{"ARTIFACTS=" + reports}, argv[0], argv[1:]...); err != nil {
		return err
	}
	d.title("5. An hour later the job runs again: nothing to copy")
	if _, err := d.expect(0, nil, argv[0], argv[1:]...); err != nil {
		return err
	}
	same, err := compare(lines)
	if err != nil {
		return err
	}
	d.title("6. The report of the first run, which Prow shows on the job's page")
	d.say("%s", filepath.Join(out, "mirror-summary.html"))
	d.say("\nVerified %d destinations: each has the digest of its source.", same)
	return nil
}
