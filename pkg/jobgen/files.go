package jobgen

import "github.com/mirror-tools/mirror-tools/pkg/release"

// generatedFiles gives what is generated beside the jobs file.
func generatedFiles(tree *release.Tree) []File {
	return nil
}
