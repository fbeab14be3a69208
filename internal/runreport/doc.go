// Package runreport writes the report of a mirror run in the formats that
// people and programs read: text, JSON, JUnit, HTML, Prometheus metrics, and the
// metadata of a Prow job.
//
// It promises that equal reports give equal bytes, that the JSON document
// changes only by a new version (see docs/mirror-report.schema.json), and that
// text from a registry or a mapping file cannot break a format: it is escaped,
// and control characters are replaced. It decides nothing: all facts come from
// package mirror.
package runreport
