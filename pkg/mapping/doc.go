// Package mapping reads and prints mapping files, the language that says which
// image is mirrored where:
//
//	# a comment
//	SRC DST [DST...]
//	SRC=DST [SRC=DST...]
//
// The grammar is that of "oc image mirror -f FILE": what that command accepts
// is accepted, what it refuses is a problem with a position, and what it drops
// without a word is a problem too.
//
// The package promises:
//
//   - [Parse] never fails and never panics; what is wrong is in [File.Problems],
//     and the lines that are right are still there;
//   - nothing is lost: [File.Bytes] gives back what Parse was given, byte for
//     byte;
//   - no I/O: it sees bytes and a name for its positions.
package mapping
