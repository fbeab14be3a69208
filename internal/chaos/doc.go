// Package chaos breaks registries on purpose, for tests.
//
// An [Injector] stands before a registry and spoils some of its answers: by a
// status, a reset, a cut or wrong body, a lost answer and some eighty more ways
// ([Kinds]). Which request is spoilt, and how, follows from a seed and from what
// the request is about, not from the order in which requests happen to come, so
// that a seed gives the same faults again.
//
// A [Network] joins clients and servers without sockets. Inside a bubble of
// testing/synctest this makes time virtual: a run that waits for hours takes
// milliseconds, one that hangs is a deadlock and fails at once, and a goroutine
// left behind is an error. The suite in this package's tests runs the whole
// engine in this way; see docs/guarantees.md.
package chaos
