// Package auth finds the credential for a repository and exchanges it for a
// token.
//
// Credentials come from the files of docker and podman, by the rule of oc and
// podman: the entry with the longest prefix of host/a/b/c is used, so that
// robots of several organisations on one registry do not mix. See [Files] for
// the order of files and [Config.Lookup] for the order of entries.
//
// The package promises that no secret leaves it by accident: a [Credential]
// prints as "(credential)" with every verb, errors name only files and hosts,
// and [TokenRequest.Fetch] sends no password to an unrelated token endpoint.
// Callers pass in environment, files and processes.
package auth
