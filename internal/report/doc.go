// Package report writes the findings of mirror-lint in the formats that people and programs read.
//
// It promises that equal findings give equal bytes, that the JSON document
// changes only by a new version, and that text from a file under check cannot
// break a format (it is quoted or escaped).
package report
