// Package registry is a client of the OCI distribution specification (version
// 1.1) for any number of registries, one [Client] for a whole run.
//
// It is not go-containerregistry's client, because a mirror has to decide about
// single requests: which are sent at all, with which credential, how many at a
// time, which are retried and when. The client remembers for each host its
// scheme, how to authenticate, tokens by repository, whether HEAD and mounts
// work, and how long to wait after a 429.
//
// It promises:
//
//   - a request carries the credential of its repository and never that of
//     another; a redirect to another host carries none;
//   - a manifest is returned only if its bytes have its digest, the last byte
//     of a blob only after the whole blob has its digest;
//   - retries happen here and nowhere else, within [Options.Retry]; Retry-After
//     delays all requests to that host, a host that throttles gets fewer
//     requests, and a host that is down gets none ([throttle.DownError]);
//   - answers are read within limits: no body, list or header grows without
//     end;
//   - errors are of type [*Error] if a registry answered, and none holds a
//     secret or a URL's query.
package registry
