// Package hardcases has only tests: one for every case in docs/hard-cases.md,
// which is generated from them, against real HTTP servers.
package hardcases
