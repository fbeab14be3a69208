// Package jobgen generates the periodics of a release repository from the
// folders of its sets. It also converts hand-written periodics to settings that
// reproduce them.
//
// A job is built in four steps, all on plain values: take the template (of
// package release or of the repository), replace its four FIXMEs with values
// from the set's folder, apply the settings of _mirror.yaml and then of the
// set's _job.yaml, and apply the JSON merge patch. The result is decoded strictly
// as Prow's config.Periodic, and [Load] checks it with Prow's own loader. It is
// printed from the plain value, because Prow's types would drop parts of older
// jobs, such as an explicit null.
//
// The package promises:
//
//   - it writes nothing: functions return files as bytes, and the same tree
//     gives the same bytes;
//   - it loses nothing: a job that belongs to no set and no setting stays in the
//     file until the caller prunes it;
//   - mistakes in the settings are reported all at once, as a [Problems] error
//     with file, line and column;
//   - no other package imports Prow.
package jobgen
