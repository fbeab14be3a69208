package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// findings is what govulncheck says. One vulnerability may be in two modules,
// such as in golang.org/x/net and in the standard library.
type findings struct {
	summary map[string]string // by vulnerability
	called  map[place]call    // those whose vulnerable function is called
	seen    map[place]bool    // those in modules of the build at all
}

type place struct{ id, module string }

// call is where a vulnerable function is.
type call struct{ version, fixed, function string }

// read reads govulncheck's stream of JSON messages.
func read(r io.Reader) (findings, error) {
	f := findings{map[string]string{}, map[place]call{}, map[place]bool{}}
	dec := json.NewDecoder(r)
	for {
		var m struct {
			OSV *struct {
				ID      string `json:"id"`
				Summary string `json:"summary"`
			} `json:"osv"`
			Finding *struct {
				OSV   string `json:"osv"`
				Fixed string `json:"fixed_version"`
				Trace []struct {
					Module   string `json:"module"`
					Version  string `json:"version"`
					Package  string `json:"package"`
					Function string `json:"function"`
				} `json:"trace"`
			} `json:"finding"`
		}
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return f, nil
		} else if err != nil {
			return f, fmt.Errorf("govulncheck's answer cannot be read: %w", err)
		}
		if m.OSV != nil {
			f.summary[m.OSV.ID] = m.OSV.Summary
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		at := m.Finding.Trace[0]
		p := place{m.Finding.OSV, at.Module}
		f.seen[p] = true
		if at.Function != "" {
			f.called[p] = call{at.Version, m.Finding.Fixed, at.Package + "." + at.Function}
		}
	}
}

// print tells the findings and says whether there is none for us to mend: in a
// module, with a version that is better.
func (f findings) print(w io.Writer) bool {
	ours, std, open := 0, 0, 0
	places := slices.SortedFunc(maps.Keys(f.called), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.module, b.module))
	})
	for _, p := range places {
		c, kind, fixed := f.called[p], "warning", "fixed in "+f.called[p].fixed
		switch {
		case c.fixed == "":
			fixed = "not fixed yet"
			open++
		case p.module == "stdlib":
			std++
		default:
			kind = "error"
			ours++
		}
		fmt.Fprintf(w, "%s: %s %s in %s %s, %s (%s)\n", kind, p.id, f.summary[p.id], p.module, c.version, fixed, c.function)
	}
	fmt.Fprintf(w, "%d vulnerabilities are called: %d in modules, %d in the standard library of this Go release, %d that nobody has fixed; %d more are in modules and not called\n",
		len(f.called), ours, std, open, len(f.seen)-len(f.called))
	return ours == 0
}
