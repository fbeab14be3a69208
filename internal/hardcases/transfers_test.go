package hardcases

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/internal/testkit/strict"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// transfers are the cases of failures during a transfer.
var transfers = []hardCase{
	{name: "21-token-expires", what: "a token expires in the middle of a run or an upload",
		does: "requests one new token; a refused credential is reported",
		try: func(s *scene) {
			s.image("a/b", "1", 90_000)
			s.image("a/b", "2", 80_000)
			for _, class := range []string{"HEAD manifest", "HEAD blob", "POST upload", "PUT upload", "PUT manifest"} {
				n := s.again(strict.Options{})
				tokens := &strict.Tokens{Accounts: []strict.Account{{User: "robot", Password: "pass", Pull: []string{"c"}, Push: []string{"c"}}}}
				n.dstLog.Fault = func(_ http.ResponseWriter, _ *http.Request, have string, count int) bool {
					if have == class && count == 1 { // the second of its kind finds its token expired
						tokens.Expire()
					}
					return false
				}
				n.to = n.dst.Serve(s.T, func(h http.Handler) http.Handler { return n.dstLog.Wrap(tokens.Wrap(h)) })
				n.authFile = fmt.Sprintf(`{"auths": {%q: {"username": "robot", "password": "pass"}}}`, n.to.Host)
				n.copied("$src/a/b:1 $dst/c:1", "$src/a/b:2 $dst/c:2")
				if got := len(tokens.Scopes()); got < 2 {
					s.Errorf("%s: %d tokens were asked for, want a new one", class, got)
				}
				tokens.CheckNarrow(s.T)
			}
			// A wrong credential is reported once and not retried.
			n := s.again(strict.Options{})
			tokens := &strict.Tokens{}
			n.to = n.dst.Serve(s.T, func(h http.Handler) http.Handler { return n.dstLog.Wrap(tokens.Wrap(h)) })
			n.authFile = fmt.Sprintf(`{"auths": {%q: {"username": "robot", "password": "wrong"}}}`, n.to.Host)
			n.failed(n.entry("$src/a/b:1 $dst/c:1"), mirror.CauseDenied)
		}},
	{name: "22-too-many-requests", what: "429 as JSON, HTML and invalid HTTP, Retry-After in seconds and as a date, from the registry and its token endpoint",
		does: "all requests to the host wait that long; the report says how long",
		try:  tooManyRequests},
	{name: "23-server-errors", what: "500, 502, 503, 504, resets and a broken body, for each kind of request, over HTTP/1 and HTTP/2",
		does: "retried; a broken upload starts again",
		try:  serverErrors},
	{name: "24-downloads", what: "a blob cut in the middle, redirected, a Range that is ignored, wrong bytes, gzip",
		does: "continues with a Range request to the registry; wrong bytes are read once more and never pushed; other hosts get no credential",
		try:  downloads},
	{name: "25-absent-is-denied", what: "a repository that does not exist answers 401 or 403",
		does: "at the destination: pushed; at the source: \"does not exist, or the credential cannot pull it\"",
		try: func(s *scene) {
			s.image("a/b", "1", 90)
			for _, code := range []int{401, 403} {
				n := s.again(strict.Options{})
				n.dstLog.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
					if class != "HEAD manifest" && class != "GET manifest" || n.dst.Tags("c")["1"] != "" {
						return false // the repository exists after the first push
					}
					w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="strict"`, r.Host))
					strict.Refuse(w, code, "DENIED", "requested access to the resource is denied")
					return true
				}
				tokens := &strict.Tokens{Accounts: []strict.Account{{User: "robot", Password: "pass", Pull: []string{"c"}, Push: []string{"c"}}}}
				n.to = n.dst.Serve(s.T, func(h http.Handler) http.Handler { return tokens.Wrap(n.dstLog.Wrap(h)) })
				n.authFile = strict.AuthFile(map[string]strict.Account{n.to.Host: tokens.Accounts[0]})
				n.copied("$src/a/b:1 $dst/c:1")
				n = s.again(strict.Options{})
				n.srcLog.Fault = func(w http.ResponseWriter, _ *http.Request, class string, _ int) bool {
					if strings.HasSuffix(class, "manifest") {
						w.WriteHeader(code)
					}
					return strings.HasSuffix(class, "manifest")
				}
				n.failed(n.entry("$src/a/gone:1 $dst/gone:1"), mirror.CauseDenied, "does not exist, or the credential cannot pull it")
			}
		}},
}

func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// serverErrors: each kind of request fails once in each way.
func serverErrors(s *scene) {
	s.image("a/b", "1", 90_000)
	s.image("a/x", "1", 1_200_000)
	faults := map[string]http.HandlerFunc{
		"500": status(500), "502": status(502), "503": status(503), "504": status(504), "reset": reset,
		"body read, then reset": func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); reset(nil, nil) },
		"half a body read":      func(_ http.ResponseWriter, r *http.Request) { io.CopyN(io.Discard, r.Body, 1000); reset(nil, nil) },
	}
	try := func(limit int64, line string, classes ...string) {
		for _, class := range classes {
			for name, fault := range faults {
				n := s.again(strict.Options{MaxBody: limit})
				log := &n.dstLog
				if strings.HasPrefix(class, "GET") {
					log = &n.srcLog
				}
				log.Fault = answer(class, 1, fault)
				n.copied(line)
				if log.Count(class) < 2 && class != "mount" {
					s.Errorf("%s of %s: asked %d times", name, class, log.Count(class))
				}
			}
		}
	}
	try(0, "$src/a/b:1 $dst/c:1 $dst/d:1", "HEAD manifest", "GET manifest", "HEAD blob", "GET blob", "mount", "POST upload", "PUT upload", "PUT manifest")
	try(1<<20, "$src/a/x:1 $dst/c:1", "POST upload", "PATCH upload", "PUT upload")

	// Over HTTP/2 one stream is reset, and a connection is ended with GOAWAY.
	for _, fault := range []http.HandlerFunc{reset, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusServiceUnavailable)
	}} {
		n := s.again(strict.Options{})
		n.dstLog.Fault = answer("PUT upload", 1, fault)
		n.to = testkit.ServeTLS(s.T, "HTTP/2", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 && r.URL.Path != "/v2/" {
				s.Errorf("spoken was %s", r.Proto)
			}
			n.dstLog.Wrap(n.dst).ServeHTTP(w, r)
		}))
		n.copied("$src/a/b:1 $dst/c:1 $dst/d:1")
	}
}

// tooManyRequests: 429 in three forms, with Retry-After in seconds or as a date,
// from the registry and from its token endpoint.
func tooManyRequests(s *scene) {
	s.image("a/b", "1", 90_000)
	date := func(n *scene) string {
		return n.clock.clock().Now().Add(33 * time.Second).UTC().Format(http.TimeFormat)
	}
	forms := map[string]func(n *scene) http.HandlerFunc{
		"JSON": func(*scene) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "31")
				strict.Refuse(w, 429, "TOOMANYREQUESTS", "pull rate limit")
			}
		},
		"HTML": func(n *scene) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", date(n))
				w.WriteHeader(429)
				io.WriteString(w, "<html><body>429 Too Many Requests</body></html>")
			}
		},
		"bad line ends": func(*scene) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // closing on unread bytes would reset the connection, and the answer with it
				conn, buffer, err := http.NewResponseController(w).Hijack()
				if err != nil {
					s.Error(err)
					return
				}
				defer conn.Close()
				buffer.WriteString("HTTP/1.1 429 Too Many Requests\nRetry-After: 31\nConnection: close\n\nslow down\n")
				buffer.Flush()
			}
		},
	}
	for name, form := range forms {
		for _, class := range []string{"ping", "HEAD manifest", "GET manifest", "GET blob", "HEAD blob", "POST upload", "PUT upload", "PUT manifest", "token"} {
			n := s.again(strict.Options{})
			tokens := &strict.Tokens{Accounts: []strict.Account{{User: "robot", Password: "pass", Pull: []string{"c", "d"}, Push: []string{"c", "d"}}}}
			n.to = n.dst.Serve(s.T, func(h http.Handler) http.Handler { return n.dstLog.Wrap(tokens.Wrap(h)) })
			n.authFile = fmt.Sprintf(`{"auths": {%q: {"username": "robot", "password": "pass"}}}`, n.to.Host)
			log := &n.dstLog
			if strings.HasPrefix(class, "GET") {
				log = &n.srcLog
			}
			if class == "token" {
				var asked atomic.Int64
				tokens.Fault = func(w http.ResponseWriter, r *http.Request) bool {
					first := asked.Add(1) == 1
					if first {
						form(n)(w, r)
					}
					return first
				}
			} else {
				log.Fault = answer(class, 1, form(n))
			}
			report := n.copied("$src/a/b:1 $dst/c:1 $dst/d:1")
			if n.clock.longest() < 30*time.Second {
				s.Errorf("%s to %s: waited at most %v", name, class, n.clock.longest())
			}
			paused := 0.0
			for _, h := range report.Hosts {
				paused += h.Paused
			}
			if paused < 30 {
				s.Errorf("%s to %s: the report tells of %v seconds", name, class, paused)
			}
		}
	}
}

// downloads are cases of failures during the download of a blob.
func downloads(s *scene) {
	s.src.Image("a/b", "1", "x", s.src.Blob("a/b", noise("layer", 1<<20)))
	const line = "$src/a/b:1 $dst/c:1"
	// faulty is a scene in which respond may answer requests for the layer. It
	// gets the layer's bytes and the number of earlier requests.
	faulty := func(respond func(w http.ResponseWriter, r *http.Request, data []byte, n int64) bool) *scene {
		n := s.again(strict.Options{})
		var asked atomic.Int64
		n.srcLog.Fault = func(w http.ResponseWriter, r *http.Request, class string, _ int) bool {
			if class != "GET blob" {
				return false
			}
			data := s.src.Bytes("a/b", r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
			return len(data) > 1000 && respond(w, r, data, asked.Add(1)-1)
		}
		return n
	}
	cut := func(w http.ResponseWriter, data []byte) bool {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:len(data)/3])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	n := faulty(func(w http.ResponseWriter, r *http.Request, data []byte, n int64) bool {
		if n > 0 && r.Header.Get("Range") == "" {
			s.Error("cut in the middle: asked for all of it again")
		}
		return n == 0 && cut(w, data)
	})
	n.copied(line)
	if got := n.srcLog.Count("GET blob"); got != 3 {
		s.Errorf("%d requests for two blobs, one of which was cut", got)
	}
	faulty(func(w http.ResponseWriter, r *http.Request, data []byte, n int64) bool {
		if n == 0 {
			return cut(w, data)
		}
		w.Write(data) // 200 and the whole blob for any range
		return true
	}).copied(line)

	// Bytes that are wrong once are read again; bytes that are always wrong are
	// not committed.
	spoil := func(w http.ResponseWriter, data []byte) bool {
		wrong := bytes.Clone(data)
		wrong[len(wrong)/2] ^= 1
		w.Write(wrong)
		return true
	}
	faulty(func(w http.ResponseWriter, _ *http.Request, data []byte, n int64) bool {
		return n == 0 && spoil(w, data)
	}).copied(line)
	n = faulty(func(w http.ResponseWriter, _ *http.Request, data []byte, _ int64) bool { return spoil(w, data) })
	n.failed(n.entry(line), mirror.CauseContent, "wrong content")
	if n.dst.Blobs("c") > 1 {
		s.Errorf("%d blobs were committed, want the config at most", n.dst.Blobs("c"))
	}

	faulty(func(w http.ResponseWriter, r *http.Request, data []byte, _ int64) bool {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			s.Errorf("Accept-Encoding: %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		z.Write(data)
		z.Close()
		return true
	}).copied(line)

	// The bytes are on another host, which must not get the credential and
	// whose links work for one download: the rest is requested from the
	// registry again.
	var far testkit.Recorder
	far.Fault = func(w http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		data := s.src.Bytes("a/b", r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		return r.Header.Get("Range") == "" && len(data) > 1000 && cut(w, data)
	}
	host := elsewhere(s.T, far.Wrap(s.src))
	n = s.again(strict.Options{})
	n.from = testkit.Serve(s.T, "redirecting", basic(n.srcLog.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if testkit.Class(r) == "GET blob" {
			http.Redirect(w, r, "http://"+host+r.URL.Path+"?X-Amz-Signature=s3cret", http.StatusTemporaryRedirect)
			return
		}
		s.src.ServeHTTP(w, r)
	}))))
	n.authFile = fmt.Sprintf(`{"auths": {%q: {"auth": "cm9ib3Q6cGFzcw=="}}}`, n.from.Host)
	n.copied(line)
	if got := n.srcLog.Count("GET blob"); got != 3 {
		s.Errorf("the registry was asked %d times for two blobs, one of which was cut", got)
	}
}
