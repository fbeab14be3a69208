// Package registry speaks the OCI distribution specification (version 1.1) to
// any number of registries, one [Client] for a whole run.
//
// It is our own client, not go-containerregistry's, because a mirror is made of
// decisions about single requests: which are asked at all, by which credential,
// how many at a time, what is tried again and when. The client keeps for each
// host what it learned there: the scheme, how to authenticate, tokens by
// repository, whether HEAD and mounts work, how long to keep quiet after a 429.
//
// It promises:
//
//   - a request carries the credential of its repository and never that of
//     another; a redirect to another host carries none;
//   - a manifest is returned only if its bytes have its digest, a blob's last
//     byte is handed out only after the whole blob was found to be right;
//   - what is worth trying again is tried again here and nowhere else, within
//     [Retry]; Retry-After holds back all requests to that host, one that
//     throttles is asked less, one that is down is not asked ([DownError]);
//   - answers are read within limits: no body, list or header grows without end;
//   - errors are of type [*Error] where a registry answered, and none holds a
//     secret or a URL's query.
package registry
