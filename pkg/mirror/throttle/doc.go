// Package throttle decides when a request to a registry is sent.
//
// A [Host] knows how one registry is: how many requests are in flight and how
// many may be, how many a second it has shown to be enough, until when it asked
// to be left alone, whether it is down. Each of these concerns is a wrapper of
// one [http.RoundTripper]: [Limit], [Guard], [Pace] and
// [Observe]. They know nothing of each other and are stacked in one place:
// by [Wrap] for any client, by package registry around what it does itself.
//
// What a request is for travels in its context as [Work]; a [Tally] there counts
// what a piece of work costs.
//
// Whether something that failed is sent again is decided by package retry.
package throttle
