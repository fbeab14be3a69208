package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
)

// headers are faults in the headers of a response.
func headers() []*Kind {
	set := func(name string, on []string, change func(f *Fault, h http.Header)) *Kind {
		return &Kind{Name: name, on: on, do: func(f *Fault) {
			rec := f.answer()
			change(f, rec.Header())
			f.write(rec)
		}}
	}
	return []*Kind{
		set("no digest header", digests, func(_ *Fault, h http.Header) { h.Del("Docker-Content-Digest") }),
		set("another digest header", digests, func(f *Fault, h http.Header) { // never the same: see TestTheSameLieTwice
			h.Set("Docker-Content-Digest", fmt.Sprintf("sha256:%032x%032x", f.dice.Uint64(), f.dice.Uint64()))
		}),
		set("an unreadable digest header", digests, func(_ *Fault, h http.Header) { h.Set("Docker-Content-Digest", "sha256:\x07") }),
		set("no content type", content, func(_ *Fault, h http.Header) { h["Content-Type"] = nil }),
		set("another content type", content, func(_ *Fault, h http.Header) { h.Set("Content-Type", "text/plain; charset=utf-8") }),
		set("no Location", uploads, func(_ *Fault, h http.Header) { h.Del("Location") }),
		set("Location of nowhere", uploads, func(_ *Fault, h http.Header) { h.Set("Location", "http://nowhere.test:1/upload") }),
		set("unreadable Location", uploads, func(_ *Fault, h http.Header) { h.Set("Location", "http://[::1") }),
		set("no Range", uploads, func(_ *Fault, h http.Header) { h.Del("Range") }),
		set("Range of too much", uploads, func(_ *Fault, h http.Header) { h.Set("Range", "0-99999999") }),
		set("unreadable Range", uploads, func(_ *Fault, h http.Header) { h.Set("Range", "all") }),
		set("headers without end", nil, func(_ *Fault, h http.Header) { h.Set("X-Chaos", strings.Repeat("x", 2<<20)) }),
		set("next page is the same page", []string{"tags"}, func(f *Fault, h http.Header) {
			h.Set("Link", "<"+f.r.URL.RequestURI()+`>; rel="next"`)
		}),
	}
}

// registries are wrong responses of a registry that otherwise works.
func registries() []*Kind {
	code := func(name string, on []string, status int, code string) *Kind {
		return &Kind{Name: name, on: on, do: func(f *Fault) { strict.Refuse(f.w, status, code, "chaos") }}
	}
	by := func(name string, on []string, to func(f *Fault) string, codes ...int) *Kind {
		return &Kind{Name: name, on: on, redirects: true, do: func(f *Fault) {
			f.w.Header().Set("Location", to(f))
			f.w.WriteHeader(codes[f.dice.IntN(len(codes))])
		}}
	}
	redirect := func(name string, on []string, to func(f *Fault) string) *Kind {
		return by(name, on, to, 301, 302, 303, 307, 308)
	}
	there := func(f *Fault) string { return f.in.CDN + f.r.URL.RequestURI() }
	return []*Kind{
		code("blob is said to be unknown", []string{"HEAD blob", "GET blob"}, 404, "BLOB_UNKNOWN"),
		code("manifest is said to be unknown", []string{"HEAD manifest", "GET manifest"}, 404, "MANIFEST_UNKNOWN"),
		code("parts are said to be unknown", []string{"PUT manifest"}, 400, "MANIFEST_BLOB_UNKNOWN"),
		code("digest is said to be wrong", []string{"PUT upload", "PUT manifest"}, 400, "DIGEST_INVALID"),
		code("upload is said to be unknown", []string{"PATCH upload", "PUT upload"}, 404, "BLOB_UPLOAD_UNKNOWN"),
		{Name: "upload is unknown after it was stored", on: []string{"PUT upload"}, do: func(f *Fault) {
			f.answer()
			if f.dice.IntN(2) == 0 {
				f.say(http.StatusRequestedRangeNotSatisfiable, "application/json", "")
				return
			}
			strict.Refuse(f.w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "chaos")
		}},
		code("tag is immutable", []string{"PUT manifest"}, 409, "TAG_INVALID"),
		{Name: "blob is said to be there", on: []string{"HEAD blob"}, do: func(f *Fault) { f.w.WriteHeader(http.StatusOK) }},
		{Name: "mount is said to be done", on: []string{"mount"}, do: func(f *Fault) { f.w.WriteHeader(http.StatusCreated) }},
		{Name: "blob is said to be stored", on: []string{"PUT upload"}, do: func(f *Fault) { f.w.WriteHeader(http.StatusCreated) }},
		{Name: "mount declined", on: []string{"mount"}, do: func(f *Fault) { f.r.URL.RawQuery = ""; f.write(f.answer()) }},
		{Name: "a part of the chunk is taken", on: []string{"PATCH upload"}, do: func(f *Fault) { f.part(); f.write(f.answer()) }},
		redirect("redirect to the CDN", reads, there),
		redirect("redirect to a store that refuses", []string{"GET blob"}, func(f *Fault) string { return f.in.CDN + refused + f.r.URL.RequestURI() }),
		by("redirect of a write", writes, there, 307, 308),
		by("redirect that makes a write a read", writes, there, 301, 302, 303),
		redirect("redirect to itself", reads, func(f *Fault) string { return f.r.URL.RequestURI() }),
		redirect("redirect to nowhere", reads, func(*Fault) string { return "https://nowhere.test:1/" }),
		redirect("redirect to another scheme", reads, func(*Fault) string { return "file:///etc/passwd" }),
	}
}

// tokens are faults of authentication.
func tokens() []*Kind {
	token := func(name, body string) *Kind {
		return &Kind{Name: name, on: []string{"token"}, do: func(f *Fault) { f.say(http.StatusOK, "application/json", body) }}
	}
	return []*Kind{
		{Name: "token with times in other forms", on: []string{"token"}, do: func(f *Fault) {
			rec := f.answer()
			var token map[string]any
			if json.Unmarshal(rec.Body.Bytes(), &token) == nil && rec.Code == http.StatusOK {
				token["expires_in"] = []any{"300", 299.5, "soon", nil, "-1"}[f.dice.IntN(5)]
				token["issued_at"] = []any{"946684800", 946684800, "", "Sat, 01 Jan 2000 00:00:00 GMT", "2000-01-01T00:00:00"}[f.dice.IntN(5)]
				rec.Body.Reset()
				json.NewEncoder(rec.Body).Encode(token)
			}
			f.write(rec)
		}},
		token("token of nothing", `{"token":""}`),
		token("token that is wrong", `{"token":"wrong","expires_in":300}`),
		token("token in broken JSON", `{"token":`),
		token("token with a line end", `{"token":"a\r\nX-Injected: 1"}`),
		{Name: "tokens are revoked", revokes: true, do: func(f *Fault) { f.in.Revoke(); f.write(f.answer()) }},
		{Name: "challenge with another realm", do: func(f *Fault) {
			f.w.Header().Set("WWW-Authenticate", `Bearer realm="https://evil.test/token",service="x"`)
			f.w.WriteHeader(http.StatusUnauthorized)
		}},
		{Name: "challenge of an unknown scheme", do: func(f *Fault) {
			f.w.Header().Set("WWW-Authenticate", `Negotiate, Digest realm="x", nonce="\x`)
			f.w.WriteHeader(http.StatusUnauthorized)
		}},
	}
}
