// Package tags moves tags, and keeps those that may not be moved.
//
// It promises:
//
//   - a tag that holds an image which may not be overwritten stays as it is;
//     that is decided by what the registry holds right before the tag is
//     written;
//   - what a tag holds is kept under another tag before it is moved, where that
//     is asked for, or the tag is not moved;
//   - where only what was mirrored may be overwritten, a record beside the tag
//     tells what was mirrored, in a run that is killed, too.
package tags
