// Package auth exchanges a credential for a token: it reads the challenges of
// registries and sends requests to their token endpoints.
//
// [TokenRequest.Fetch] sends no password to an unrelated token endpoint. Package
// credentials finds the credential.
package auth
