// Package referrers copies what refers to images: signatures, attestations and
// other artifacts, found by the referrers API, by the tag that stands for its
// answer in registries without it, and by cosign's tags.
//
// It promises that a list of referrers in a destination only ever grows: what
// somebody else lists there stays listed.
package referrers
