// Package mapgen generates mapping files from promotions: one for each stream in a
// set's _config.yaml, with a line for each image that ci-operator or the release
// controller pushes to the stream.
//
// The package promises:
//
//   - the files equal those of promoted-image-governor (openshift/ci-tools), byte
//     for byte;
//   - it reads only a [release.Tree] and writes nothing;
//   - equal trees give equal files in equal order;
//   - it generates no file if it could not read all facts.
package mapgen
