package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/text"
)

// Artifact is one file of a job's artifacts.
type Artifact struct {
	Name  string
	Write func(io.Writer) error
}

// ArtifactsDir returns the folder for a job's reports: the value of
// --artifacts, else $ARTIFACTS (Prow), else $ARTIFACT_DIR (a step of
// ci-operator). "" means no reports.
func ArtifactsDir(env Env, flag string) string {
	for _, dir := range []string{flag, env.Getenv("ARTIFACTS"), env.Getenv("ARTIFACT_DIR")} {
		if dir != "" {
			return dir
		}
	}
	return ""
}

// WriteArtifacts writes files to a folder, which it creates if it is missing.
// It replaces each file atomically. A file that cannot be written does not stop
// the others; the error names all of them. Callers print the error and do not
// change the exit code.
func WriteArtifacts(dir string, files ...Artifact) error {
	if err := argfile.MkdirAll(dir); err != nil {
		return fmt.Errorf("the reports could not be written: %w", err)
	}
	var errs []error
	for _, f := range files {
		if err := argfile.Write(filepath.Join(dir, f.Name), f.Write); err != nil {
			errs = append(errs, fmt.Errorf("the report %s could not be written: %w", f.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Metadata is metadata.json in dir, which Prow merges into the job's
// finished.json and shows on the job's page. It is a flat object of strings,
// because the page shows nothing else. The tool's name is the prefix of each
// key, and the keys of earlier tools in the same job stay.
func Metadata(dir, tool string, fields map[string]string) Artifact {
	const name = "metadata.json"
	return Artifact{Name: name, Write: func(w io.Writer) error {
		all := map[string]any{}
		if data, err := argfile.ReadFile(filepath.Join(dir, name)); err == nil {
			var before map[string]any
			if json.Unmarshal(data, &before) == nil {
				maps.Copy(all, before)
			}
		}
		for key, value := range fields {
			all[tool+"-"+key] = value
		}
		return text.JSON(w, all)
	}}
}
