package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/testkit"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// TestDiffOnline compares a change with two registries: a source that does not
// exist, a tag that moves, one that is up to date and one that is new. It writes
// nothing, and without --online it sends no request.
func TestDiffOnline(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	count := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked[r.Method]++
			mu.Unlock()
			h.ServeHTTP(w, r)
		})
	}
	src, dst := testkit.InProcess(t, count), testkit.InProcess(t, count)
	one, two := testkit.Image(t, "1", testkit.Layer(1, 5000)), testkit.Image(t, "2", testkit.Layer(2, 7000))
	digestOne, digestTwo := src.Push(t, "shop/cart:1", one), src.Push(t, "shop/cart:2", two)
	dst.Push(t, "shop/cart:latest", one)
	dst.Push(t, "shop/cart:2", two)
	clear(asked)

	dir := t.TempDir()
	file := filepath.Join(dir, "core-services/image-mirroring/shop/mapping_shop")
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.invalid"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	lines := func(pairs ...string) string {
		return strings.NewReplacer("S/", src.Host+"/shop/", "D/", dst.Host+"/shop/").Replace(strings.Join(pairs, "\n") + "\n")
	}
	writeFile(t, file, lines("S/cart:1 D/cart:latest"))
	git("init", "-q")
	git("add", ".")
	git("commit", "-qm", "one")
	writeFile(t, file, lines("S/cart:2 D/cart:latest D/cart:2 D/fresh:2", "S/crat:1 D/crat:1"))

	run := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		env := cli.Env{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }}
		if code := cli.Run(context.Background(), newCommand(env), env, append([]string{"diff", "--from", "HEAD", dir}, args...)); code != 0 {
			t.Fatalf("exit code %d: %s", code, errs.String())
		}
		return out.String()
	}
	if out := run(); !strings.Contains(out, "takes another image") || len(asked) > 0 {
		t.Errorf("offline: requests %v\n%s", asked, out)
	}
	out := run("--online")
	for _, want := range []string{
		"1 destination takes another image, 3 are new; 2 copies of ", "1 source does not exist",
		src.Host + "/shop/crat:1, for " + dst.Host + "/shop/crat:1",
		dst.Host + "/shop/cart:latest has " + digestOne[:19] + " and gets " + digestTwo[:19],
		dst.Host + "/shop/cart:2 has " + digestTwo[:19],
		dst.Host + "/shop/fresh:2 gets " + digestTwo[:19],
		"core-services/image-mirroring/shop/mapping_shop:2",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	for method, n := range asked {
		if method != http.MethodGet && method != http.MethodHead {
			t.Errorf("%d requests %s", n, method)
		}
	}
	var doc struct {
		Plan *mirror.Report
	}
	if err := json.Unmarshal([]byte(run("--online", "--format", "json")), &doc); err != nil || doc.Plan == nil || doc.Plan.Summary[mirror.Planned] != 2 {
		t.Errorf("%v: %+v", err, doc.Plan)
	}
}
