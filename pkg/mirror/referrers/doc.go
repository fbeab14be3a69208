// Package referrers copies the referrers of images: signatures, attestations
// and other artifacts. It finds them by the referrers API, by the fallback tag
// in registries without that API, and by cosign's tags.
//
// It promises that a list of referrers in a destination only ever grows: what
// somebody else lists there stays.
package referrers
