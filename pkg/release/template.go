package release

import (
	_ "embed"
	"io/fs"

	"go.yaml.in/yaml/v3"
)

//go:embed template.yaml
var builtInTemplate string

// BuiltInTemplate is the job that every set starts from where _mirror.yaml names
// no other template: one periodic, as YAML, in which FIXME marks what comes
// from the set's folder.
func BuiltInTemplate() []byte { return []byte(builtInTemplate) }

// loadTemplate reads the template of the tree's jobs; nil where it names one
// that cannot be read.
func (t *Tree) loadTemplate() *yaml.Node {
	file, data := "template.yaml", BuiltInTemplate()
	if t.Settings.Template != "" {
		var err error
		file = t.Settings.Template
		if data, err = fs.ReadFile(t.FS, file); err != nil {
			return nil
		}
	}
	doc := parseYAML(file, data)
	return doc.root
}

// TemplateJob returns the template as a job; nil when it cannot be read.
func (t *Tree) TemplateJob() *Job {
	if t.Template() == nil {
		return nil
	}
	return jobReader{settings: t.Settings}.job(t.Template())
}
