// Package credentials finds the credential for a repository.
//
// Credentials come from the files of docker and podman, by the rule of oc and
// podman: the entry with the longest prefix of host/a/b/c is used, so that
// robots of several organisations on one registry do not mix. See [Files] for
// the order of files and [Config.Lookup] for the order of entries.
//
// The package promises that no secret leaves it by accident: a [Credential]
// prints as "(credential)" with every verb, and errors name only files and
// hosts. Callers pass in environment, files and processes.
package credentials
