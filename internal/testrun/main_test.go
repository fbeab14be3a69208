package main

import (
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	const events = `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:3: quiet\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:5: no real data\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
no event
{"Action":"build-output","ImportPath":"q","Output":"q.go:1: wrong\n"}
{"Action":"output","Package":"q","Test":"TestC","Output":"    c_test.go:9: broken\n"}
{"Action":"fail","Package":"q","Test":"TestC"}
{"Action":"output","Package":"q","Test":"TestD","Output":"panic: at once\n"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q"}
{"Action":"output","Package":"r","Output":"?   \tr\t[no test files]\n"}
{"Action":"skip","Package":"r"}
`
	const want = `skipped: p TestB: b_test.go:5: no real data
ok  	p	0.1s
no event
q.go:1: wrong
    c_test.go:9: broken
panic: at once
FAIL	q	0.1s
?   	r	[no test files]
`
	var out strings.Builder
	skipped, err := show(strings.NewReader(events), &out)
	if err != nil || skipped != 1 || out.String() != want {
		t.Errorf("%d skipped, %v:\n%s\nwant\n%s", skipped, err, out.String(), want)
	}
}
