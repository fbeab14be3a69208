// Package mapgen makes the mapping files that follow from what is promoted: one
// for each stream that a set's _config.yaml names, with a line for each image
// that ci-operator or the release controller puts into it.
//
// The package promises:
//
//   - the files are those of promoted-image-governor (openshift/ci-tools), byte
//     for byte;
//   - it reads a [release.Tree] and nothing else, and writes nothing;
//   - equal trees give equal files in equal order;
//   - it makes no file from facts that it could not read in full.
package mapgen
