package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// findings is what govulncheck says, by vulnerability.
type findings struct {
	summary map[string]string
	called  map[string]call // of those whose vulnerable function is called
	seen    map[string]bool // in modules of the build at all
}

// call is where a vulnerable function is.
type call struct{ module, version, fixed, function string }

// read reads govulncheck's stream of JSON messages.
func read(r io.Reader) (findings, error) {
	f := findings{map[string]string{}, map[string]call{}, map[string]bool{}}
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
		f.seen[m.Finding.OSV] = true
		if at.Function != "" {
			f.called[m.Finding.OSV] = call{at.Module, at.Version, m.Finding.Fixed, at.Package + "." + at.Function}
		}
	}
}

// print tells the findings and says whether there is none for us to mend: in a
// module, with a version that is better.
func (f findings) print(w io.Writer) bool {
	ours, std, open := 0, 0, 0
	for _, id := range slices.Sorted(maps.Keys(f.called)) {
		c, kind, fixed := f.called[id], "warning", "fixed in "+f.called[id].fixed
		switch {
		case c.fixed == "":
			fixed = "not fixed yet"
			open++
		case c.module == "stdlib":
			std++
		default:
			kind = "error"
			ours++
		}
		fmt.Fprintf(w, "%s: %s %s in %s %s, %s (%s)\n", kind, id, f.summary[id], c.module, c.version, fixed, c.function)
	}
	fmt.Fprintf(w, "%d vulnerabilities are called: %d in modules, %d in the standard library of this Go release, %d that nobody has fixed; %d more are in modules and not called\n",
		len(f.called), ours, std, open, len(f.seen)-len(f.called))
	return ours == 0
}
