// Package retry decides whether a failed request is sent again, and when.
//
// [Judge] decides whether an error is retried. A [Loop] retries one operation at
// one host within a [Policy]. The wait depends on the policy and on Retry-After.
// The number of attempts depends on the policy and on budgets for the host and for
// the piece of work ([throttle.Tally]).
//
// [NewTransport] offers all of this, and all of package throttle, as an
// [http.RoundTripper] for other clients of registries.
package retry
