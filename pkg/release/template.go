package release

import (
	_ "embed"
	"io/fs"
)

//go:embed template.yaml
var builtInTemplate string

// BuiltInTemplate is the default job template: one periodic in YAML, in which
// FIXME stands for values of the set.
func BuiltInTemplate() []byte { return []byte(builtInTemplate) }

// loadTemplate reads the template of the tree's jobs. It returns nil if the
// file cannot be read.
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
