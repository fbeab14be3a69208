package release

import (
	_ "embed"
	"io/fs"
)

//go:embed template.yaml
var builtInTemplate string

// BuiltInTemplate is the job that every set starts from where _mirror.yaml names
// no other template: one periodic, as YAML, in which FIXME marks what comes
// from the set's folder.
func BuiltInTemplate() []byte { return []byte(builtInTemplate) }

// loadTemplate reads the template of the tree's jobs; nil where it names one
// that cannot be read.
func loadTemplate(t *Tree) *Job {
	file, data := "template.yaml", BuiltInTemplate()
	if t.Settings.Template != "" {
		var err error
		file = t.Settings.Template
		if data, err = fs.ReadFile(t.FS, file); err != nil {
			return nil
		}
	}
	root := parseYAML(file, data).root
	if root == nil {
		return nil
	}
	return jobReader{settings: t.Settings}.job(root)
}
