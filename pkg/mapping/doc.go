// Package mapping reads and prints mapping files, which list the images to
// mirror and their destinations:
//
//	# a comment
//	SRC DST [DST...]
//	SRC=DST [SRC=DST...]
//
// The grammar is that of "oc image mirror -f FILE": what that command rejects
// or silently drops is a problem with a position.
//
// The package promises:
//
//   - [Parse] never fails and never panics; [File.Problems] has the mistakes,
//     and all valid lines are read;
//   - nothing is lost: [File.Bytes] returns the input byte for byte;
//   - no I/O: it sees bytes and a name for its positions.
package mapping
