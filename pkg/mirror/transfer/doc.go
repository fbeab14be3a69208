// Package transfer copies images into repositories: everything below a tag, but
// not the tag.
//
// It promises:
//
//   - a manifest is written after everything that it refers to;
//   - a blob goes over the wire once for each registry: further repositories
//     mount it, as long as the registry accepts mounts;
//   - what several images have in common is requested and copied once;
//   - a registry that refuses a manifest because something below it is
//     missing gets everything below it once more;
//   - indexes may be nested 10 deep, an image may have 10,000 manifests, and
//     a manifest 10,000 blobs.
package transfer
