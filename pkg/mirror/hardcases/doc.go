// Package hardcases has no code of its own: it is the test of every case in
// docs/hard-cases.md, each by its name, against real HTTP servers.
package hardcases
