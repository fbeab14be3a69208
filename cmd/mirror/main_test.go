package main

import (
	"io"
	"log"
	"os"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mirror": main})
}

// TestScripts runs the command against two registries, $SRC and $DST; the
// first holds team/app:v1 and v2, team/web:v1 and, for two platforms of which
// one is $ARM, team/multi:v1; another, $TLS, has a certificate from $CA and
// holds team/app:v1. The scripts' command "same
// SRC DST" compares what was copied.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"same": func(ts *testscript.TestScript, neg bool, args []string) {
				for _, to := range args[1:] {
					if _, err := testkit.CompareReferences(args[0], to); (err != nil) != neg {
						ts.Fatalf("%s and %s: %v", args[0], to, err)
					}
				}
			},
		},
		Setup: func(env *testscript.Env) error {
			src, dst := testkit.InProcess(t, nil), testkit.InProcess(t, nil)
			src.Push(t, "team/app:v1", testkit.Image(t, "1", testkit.Layer(1, 1000)))
			src.Push(t, "team/app:v2", testkit.Image(t, "2", testkit.Layer(1, 1000)))
			src.Push(t, "team/web:v1", testkit.Image(t, "3", testkit.Layer(2, 1000)))
			arm := testkit.Image(t, "arm", testkit.Layer(3, 1000))
			src.Push(t, "team/multi:v1", testkit.Index(t, map[string]mutate.Appendable{"linux/amd64": testkit.Image(t, "amd"), "linux/arm64": arm}, "linux/amd64", "linux/arm64"))
			env.Setenv("ARM", src.Host+"/team/multi@"+src.Push(t, "team/multi:arm", arm))
			tls := testkit.ServeTLS(t, "tls", registry.New(registry.Logger(log.New(io.Discard, "", 0))))
			tls.Push(t, "team/app:v1", testkit.Image(t, "tls", testkit.Layer(4, 1000)))
			env.Setenv("TLS", tls.Host)
			env.Setenv("CA", tls.CAFile)
			env.Setenv("SRC", src.Host)
			env.Setenv("DST", dst.Host)
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
	})
}
