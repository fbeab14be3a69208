// Package mirror copies images between registries as mapping files say. Images
// that are up to date are not copied.
//
// A [Plan] is made from mapping files without any request; [Run] carries it out
// and returns a [Report]. A dry run and a check are the same run: the first
// with a writer that only counts, the second without writing and with the
// differences as its result.
//
// It promises:
//
//   - an image arrives with the bytes and the digest of its source, or not at
//     all; nothing is converted;
//   - a tag is moved last, after everything below it is in the repository, so
//     that a run may be killed at any moment, and the next one does what is
//     left;
//   - a protected tag is left unchanged and reported;
//   - a source tag is resolved once in a run, so that all its destinations
//     get the same image even if it moves meanwhile;
//   - a failure does not stop the other copies, and the report has its cause;
//   - equal plans give reports in equal order.
//
// Package registry makes the requests, package auth finds credentials; this
// package decides what to request, and in which order.
package mirror
