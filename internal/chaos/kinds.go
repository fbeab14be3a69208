package chaos

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind is one way to spoil a request.
type Kind struct {
	Name string

	on        []string // classes of testkit.Class, and "token"; nil: all
	early     bool     // before the request's body is read
	redirects bool     // needs a CDN
	revokes   bool     // needs tokens
	do        func(*Fault)
}

func (k *Kind) applies(class string) bool { return k.on == nil || slices.Contains(k.on, class) }

var (
	reads   = []string{"GET manifest", "HEAD manifest", "GET blob", "HEAD blob", "tags", "ping", "referrers", "listing"}
	bodies  = []string{"GET manifest", "GET blob", "tags", "referrers", "token", "listing"}
	content = []string{"GET manifest", "GET blob"}
	writes  = []string{"POST upload", "mount", "PATCH upload", "PUT upload", "PUT manifest"}
	uploads = []string{"POST upload", "mount", "PATCH upload"}
	digests = []string{"HEAD manifest", "GET manifest", "PUT manifest", "PUT upload", "GET blob"}
)

// Kinds are all faults, in order of name.
func Kinds() []*Kind {
	all := slices.Concat(statuses(), throttles(), connections(), contents(), headers(), registries(), tokens())
	slices.SortFunc(all, func(a, b *Kind) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Named returns some kinds of Kinds by their names.
func Named(names ...string) []*Kind {
	return slices.DeleteFunc(Kinds(), func(k *Kind) bool { return !slices.Contains(names, k.Name) })
}

func statuses() []*Kind {
	var out []*Kind
	for _, code := range []int{400, 401, 403, 404, 405, 408, 409, 410, 412, 413, 416, 421, 425, 500, 501, 502, 503, 504} {
		out = append(out, &Kind{Name: fmt.Sprintf("status %d", code), do: func(f *Fault) { f.refuse(code) }})
	}
	return append(out,
		&Kind{Name: "status other 4xx", do: func(f *Fault) {
			f.refuse([]int{402, 406, 411, 414, 415, 417, 418, 422, 423, 424, 426, 428, 431, 451, 499}[f.dice.IntN(15)])
		}},
		&Kind{Name: "status other 5xx", do: func(f *Fault) { f.refuse(505 + f.dice.IntN(95)) }},
		&Kind{Name: "status odd 2xx", on: writes, do: func(f *Fault) {
			rec := f.answer()
			if rec.Code/100 == 2 {
				rec.Code = []int{200, 201, 202, 204}[f.dice.IntN(4)]
			}
			if rec.Code == http.StatusNoContent {
				rec.Body.Reset()
			}
			f.write(rec)
		}},
		&Kind{Name: "status early", early: true, on: []string{"PATCH upload", "PUT upload", "PUT manifest"}, do: func(f *Fault) { f.refuse(503) }},
		&Kind{Name: "error after success", on: writes, do: func(f *Fault) { f.answer(); f.refuse([]int{500, 502, 504}[f.dice.IntN(3)]) }},
	)
}

func throttles() []*Kind {
	throttle := func(name string, code int, after func(f *Fault) string, body func(f *Fault)) *Kind {
		return &Kind{Name: name, do: func(f *Fault) {
			if v := after(f); v != "" {
				f.w.Header().Set("Retry-After", v)
			}
			if body == nil {
				f.refuse(code)
				return
			}
			body(f)
		}}
	}
	seconds := func(f *Fault) string { return fmt.Sprint(1 + f.dice.IntN(30)) }
	none := func(*Fault) string { return "" }
	return []*Kind{
		throttle("429", 429, none, nil),
		throttle("429 seconds", 429, seconds, nil),
		throttle("429 date", 429, func(f *Fault) string {
			return time.Now().Add(time.Duration(f.dice.IntN(60)) * time.Second).UTC().Format(http.TimeFormat)
		}, nil),
		throttle("429 date gone by", 429, func(*Fault) string { return "Fri, 31 Dec 1999 23:59:59 GMT" }, nil),
		throttle("429 absurd", 429, func(*Fault) string { return "99999999999" }, nil),
		throttle("429 unreadable", 429, func(*Fault) string { return "-1; soon" }, nil),
		throttle("429 in malformed HTTP", 429, none, func(f *Fault) {
			f.raw("HTTP/1.1 429 Too Many Requests\nRetry-After: 60\nContent-Type: text/html\n\n<html>slow down</html>")
		}),
		throttle("503 seconds", 503, seconds, nil),
		throttle("529", 529, seconds, nil),
	}
}

func connections() []*Kind {
	return []*Kind{
		{Name: "reset before the request is read", early: true, do: func(f *Fault) { f.reset() }},
		{Name: "reset after the request", do: func(f *Fault) { f.reset() }},
		{Name: "closed without a response", do: func(f *Fault) { f.connection().Close() }},
		{Name: "reset in the headers", do: func(f *Fault) { f.raw("HTTP/1.1 200 OK\r\nContent-Le") }},
		{Name: "no HTTP at all", do: func(f *Fault) { f.raw("SSH-2.0-OpenSSH_9.6\r\n") }},
		{Name: "lost answer", on: writes, do: func(f *Fault) { f.answer(); f.reset() }},
		{Name: "cut after a part was stored", on: []string{"PATCH upload", "PUT upload"}, do: func(f *Fault) { f.part(); f.answer(); f.reset() }},
		{Name: "cut body", on: bodies, do: func(f *Fault) { rec := f.answer(); f.cut(rec, rec.Body.Len()/2, f.reset) }},
		{Name: "cut body at its start", on: bodies, do: func(f *Fault) { f.cut(f.answer(), 0, f.reset) }},
		{Name: "cut body near its end", on: bodies, do: func(f *Fault) { rec := f.answer(); f.cut(rec, max(rec.Body.Len()-1, 0), f.reset) }},
		{Name: "stall before the response", do: func(f *Fault) { f.stall(30 * time.Minute) }},
		{Name: "stall in the body", on: bodies, do: func(f *Fault) {
			rec := f.answer()
			f.cut(rec, rec.Body.Len()/2, func() { f.stall(30 * time.Minute) })
		}},
		{Name: "slow body", on: bodies, do: func(f *Fault) {
			rec := f.answer()
			maps.Copy(f.w.Header(), rec.Header())
			f.w.WriteHeader(rec.Code)
			for _, b := range slices.Collect(slices.Chunk(rec.Body.Bytes(), max(rec.Body.Len()/3, 1))) {
				f.w.Write(b)
				http.NewResponseController(f.w).Flush()
				f.stall(10 * time.Second)
			}
		}},
		{Name: "unread request", early: true, on: []string{"PATCH upload", "PUT upload", "PUT manifest"}, do: func(f *Fault) { f.stall(30 * time.Minute) }},
		{Name: "connection closed after the response", do: func(f *Fault) { f.w.Header().Set("Connection", "close"); f.write(f.answer()) }},
		{Name: "early hints", do: func(f *Fault) {
			for range 3 {
				f.w.WriteHeader(http.StatusEarlyHints)
			}
			f.write(f.answer())
		}},
	}
}

func contents() []*Kind {
	spoil := func(name string, on []string, change func(f *Fault, body []byte) []byte) *Kind {
		return &Kind{Name: name, on: on, do: func(f *Fault) {
			rec := f.answer()
			if rec.Code/100 == 2 {
				body := change(f, bytes.Clone(rec.Body.Bytes()))
				rec.Body = bytes.NewBuffer(body)
				rec.Header().Del("Content-Length")
			}
			f.write(rec)
		}}
	}
	zipped := func(encoding string) *Kind {
		return &Kind{Name: encoding, on: bodies, do: func(f *Fault) {
			rec := f.answer()
			if rec.Code == http.StatusOK {
				var z bytes.Buffer
				g := gzip.NewWriter(&z)
				g.Write(rec.Body.Bytes())
				g.Close()
				rec.Body = &z
				rec.Header().Set("Content-Encoding", encoding)
				rec.Header().Set("Content-Length", fmt.Sprint(z.Len()))
			}
			f.write(rec)
		}}
	}
	return []*Kind{
		spoil("a byte changed", content, func(f *Fault, b []byte) []byte {
			if len(b) > 0 {
				b[f.dice.IntN(len(b))] ^= 0x20
			}
			return b
		}),
		spoil("too short", bodies, func(_ *Fault, b []byte) []byte { return b[:len(b)/2] }),
		spoil("too long", bodies, func(_ *Fault, b []byte) []byte { return append(b, "more"...) }),
		spoil("empty", bodies, func(*Fault, []byte) []byte { return nil }),
		spoil("other bytes", content, func(f *Fault, b []byte) []byte { return bytes.Repeat([]byte{'x'}, len(b)) }),
		{Name: "a page of HTML with 200", do: func(f *Fault) { f.say(http.StatusOK, "text/html", "<!DOCTYPE html><html>Sign in</html>") }},
		{Name: "an error with 200", on: bodies, do: func(f *Fault) {
			f.say(http.StatusOK, "application/json", `{"errors":[{"code":"DENIED","message":"no"}]}`)
		}},
		zipped("gzip"),
		zipped("x-gzip"),
		{Name: "invalid gzip", on: bodies, do: func(f *Fault) {
			rec := f.answer()
			rec.Header().Set("Content-Encoding", "gzip")
			f.write(rec)
		}},
		{Name: "range ignored", on: []string{"GET blob"}, do: func(f *Fault) { f.r.Header.Del("Range"); f.write(f.answer()) }},
		{Name: "range of its own", on: []string{"GET blob"}, do: func(f *Fault) {
			f.r.Header.Set("Range", fmt.Sprintf("bytes=%d-", f.dice.IntN(20)))
			f.write(f.answer())
		}},
		{Name: "an endless body", on: []string{"GET manifest", "tags", "token", "GET blob", "listing"}, do: func(f *Fault) {
			chunk := bytes.Repeat([]byte(" "), 64<<10)
			for range 2048 {
				if _, err := f.w.Write(chunk); err != nil {
					return
				}
			}
		}},
	}
}
