// Package auth finds the credential for a repository and trades it for a token.
//
// Credentials come from the files of docker and podman, by the rule of oc and
// podman: of all entries the longest prefix of host/a/b/c wins, so that robots
// of several organisations on one registry each keep to their own. See
// [Files] for the order of files and [Config.Lookup] for the order of entries.
//
// The package promises that no secret leaves it by accident: a [Credential]
// prints as "(credential)" with every verb, errors name files and hosts only,
// and [Realm] refuses to send a password to a place that has no business with
// it. Environment, files and processes are handed in.
package auth
