// Package throttle decides when a request to a registry is sent.
//
// A [Host] is the state of one registry: how many requests are in flight and
// how many may be, its request rate, until when it asked to wait, whether it is
// down. Each of these concerns is a wrapper of one [http.RoundTripper]:
// [Limit], [Guard], [Pace] and [Observe]. They are independent of each other
// and stacked in one place: by [Wrap] for any client, by package registry
// around its own layers.
//
// The purpose of a request is in its context as [Work]; a [Tally] there counts
// what a piece of work costs.
//
// Package retry decides whether a failed request is sent again.
package throttle
