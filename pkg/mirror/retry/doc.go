// Package retry decides whether a request that failed is sent again, and when.
//
// A [Loop] tries one thing at one host within a [Policy]: what may be tried again
// is a matter of the caller's [Judge], how long to wait a matter of the policy and
// of what the host asked for, how often a matter of the policy and of budgets for
// the host and for the piece of work ([throttle.Tally]).
//
// [NewTransport] is all of this, and all that package throttle does, as an
// [http.RoundTripper] for other clients of registries.
package retry
