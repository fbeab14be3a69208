// Package mirror copies images between registries as mapping files say, and
// leaves alone what is there already.
//
// A [Plan] is made of mapping files without asking anybody; [Run] carries it
// out and gives a [Report]. A dry run and a check are the same run: the first
// with a writer that only counts, the second without writing and with the
// differences as its result.
//
// What it promises:
//
//   - an image arrives with the bytes and the digest that it has at its source,
//     or not at all; nothing is converted;
//   - a tag is moved last, when everything below it is in the repository, so that
//     a run may be killed at any moment, and the next one does what is left;
//   - a tag that may not be overwritten is left as it is, and that is told;
//   - a source tag is resolved once in a run, so that all its destinations get
//     the same image even when it moves meanwhile;
//   - what failed does not keep the rest from being copied, and is in the report
//     with its cause;
//   - equal plans give reports in equal order.
//
// Registries are reached through package registry, credentials are found by
// package auth; this package decides what to ask for and in which order.
package mirror
