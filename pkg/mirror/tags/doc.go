// Package tags moves tags and protects tags.
//
// It promises:
//
//   - a protected tag that holds another image is left unchanged; that is
//     decided by what the registry holds right before the push;
//   - if a backup is wanted, the current image is kept under another tag
//     before a tag is moved, or the tag is not moved;
//   - if only mirrored tags may be overwritten, a record beside the tag holds
//     what was mirrored, even after a run is killed.
package tags
