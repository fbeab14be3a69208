package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mirror-tools/mirror-tools/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"mirror": main})
}

// TestScripts runs the command against two registries, $SRC and $DST; the
// first holds team/app:v1 and v2, and team/web:v1. The scripts' command "same
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
			env.Setenv("SRC", src.Host)
			env.Setenv("DST", dst.Host)
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
	})
}
