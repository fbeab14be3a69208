// Package jobgen turns the folders of a release repository into the periodics
// that mirror them, and hand-written periodics into the settings that
// reproduce them.
//
// A job is made in four steps, each of which sees plain values only: the
// template (that of package release, or the repository's own), its four FIXMEs filled
// from the set's folder, the settings of _mirror.yaml and then of the set's
// _job.yaml on top, and last the JSON merge patch. What comes out is decoded
// strictly as Prow's config.Periodic, and [Load] gives it to Prow's own loader;
// but it is printed from the plain value, because Prow's types would drop what
// older jobs say, such as an explicit null.
//
// The package promises:
//
//   - nothing is written: every function gives back files as bytes, and the
//     same tree gives the same bytes;
//   - nothing is lost: a job that no set and no setting accounts for stays in
//     the file until the caller asks to prune it;
//   - a mistake in the settings is a [Problems] error with file, line and
//     column, all of them at once;
//   - Prow is reached from here and from nowhere else.
package jobgen
