package mapping_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

const (
	d64 = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	nul = "\x00"
)

// What oc image mirror does with a line.
const (
	takes   = "takes"   // mirrors the line as written
	refuses = "refuses" // fails, and mirrors nothing of the file
	drops   = "drops"   // silently mirrors something else or nothing
	varies  = "varies"  // accepts it or not, depending on the tags of the source
)

// grammar is the table of the mapping language: for each line what oc does with
// it, and the pairs and the problem that we read.
var grammar = []struct {
	name  string
	line  string
	oc    string
	pairs string // "SRC>DST SRC>DST", after tag inheritance
	want  string // "COLUMN SEVERITY part of the message", "" for none
}{
	{"source and destination", "q.io/a/b:1 r.io/c/d:2", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"several destinations", "q.io/a/b:1 r.io/c/d:2 r.io/c/d:3 s.io/x:4", takes, "q.io/a/b:1>r.io/c/d:2 q.io/a/b:1>r.io/c/d:3 q.io/a/b:1>s.io/x:4", ""},
	{"one source=destination", "q.io/a/b:1=r.io/c/d:2", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"two source=destination", "q.io/a:1=r.io/a:1 q.io/b:2=r.io/b:2", takes, "q.io/a:1>r.io/a:1 q.io/b:2>r.io/b:2", ""},
	{"words beside source=destination", "q.io/a:1=r.io/a:1 q.io/b:2 r.io/b:2", drops, "q.io/a:1>r.io/a:1", `19 error "q.io/b:2" is ignored`},
	{"word before source=destination", "q.io/b:2 q.io/a:1=r.io/a:1", drops, "q.io/a:1>r.io/a:1", `1 error "q.io/b:2" is ignored`},
	{"two blanks", "q.io/a/b:1  r.io/c/d:2", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"three blanks and more words", "q.io/a/b:1   r.io/c/d:2  r.io/e:1", takes, "q.io/a/b:1>r.io/c/d:2 q.io/a/b:1>r.io/e:1", ""},
	{"a tab", "q.io/a/b:1\tr.io/c/d:2", refuses, "", "11 error a tab is not a separator"},
	{"blank and tab", "q.io/a/b:1 \tr.io/c/d:2", refuses, "", `12 error "\tr.io/c/d:2" is not a valid image reference`},
	{"a no-break space", "q.io/a/b:1\u00a0r.io/c/d:2", refuses, "", "11 error a no-break space is not a separator"},
	{"one reference", "q.io/a/b:1", refuses, "", "1 error a source without a destination"},
	{"source=", "q.io/a/b:1=", refuses, "", "1 error one side is empty"},
	{"=destination", "=q.io/a/b:1", refuses, "", "1 error one side is empty"},
	{"blanks around =", "q.io/a/b:1 = r.io/c:1", refuses, "", "12 error one side is empty"},
	{"two =", "q.io/a:1=r.io/b:1=r.io/c:1", refuses, "", "10 error is not a valid image reference"},
	{"blank line", "   \t ", takes, "", ""},
	{"comment line", "# q.io/a/b:1 r.io/c/d:2", takes, "", ""},
	{"indented comment", "   # text", takes, "", ""},
	{"comment at the end", "q.io/a/b:1 r.io/c/d:2 # why", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"comment inside a word", "q.io/a/b:1 r.io/c/d:2#tail", takes, "q.io/a/b:1>r.io/c/d:2", "22 warning in the middle of a word"},
	{"comment cuts off the destination", "q.io/a/b:1 #r.io/c/d:2", refuses, "", "1 error a source without a destination"},
	{"leading blanks", "  q.io/a/b:1 r.io/c/d:2", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"trailing blanks", "q.io/a/b:1 r.io/c/d:2  ", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"leading tab", "\tq.io/a/b:1 r.io/c/d:2", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"carriage return", "q.io/a/b:1 r.io/c/d:2\r", takes, "q.io/a/b:1>r.io/c/d:2", ""},
	{"byte order mark", "\ufeffq.io/a/b:1 r.io/c/d:2", refuses, "", "1 error is not a valid image reference"},
	{"https scheme", "https://q.io/a/b:1 r.io/c/d:2", refuses, "", "1 error is not a valid image reference"},
	{"docker scheme", "q.io/a/b:1 docker://r.io/c/d:2", refuses, "", "12 error is not a valid image reference"},
	{"user information", "user:pass@q.io/a/b:1 r.io/c/d:2", refuses, "", `1 error "…@q.io/a/b:1" is not a valid image reference`},
	{"scheme and user information", "q.io/a/b:1 https://user:pass@r.io/c/d:2", refuses, "", `12 error "https://…@r.io/c/d:2" is not a valid image reference`},
	{"variable", "q.io/a/b:${VERSION} r.io/c/d:2", refuses, "", "10 error is not a valid image reference"},
	{"upper case repository", "q.io/a/B:1 r.io/c/d:2", refuses, "", "8 error repository name must be lowercase"},
	{"upper case host", "Q.io/a/b:1 r.io/c/d:2", takes, "Q.io/a/b:1>r.io/c/d:2", ""},
	{"upper case tag", "q.io/a/b:V1 r.io/c/d:V_2.x-1", takes, "q.io/a/b:V1>r.io/c/d:V_2.x-1", ""},
	{"short digest", "q.io/a/b@sha256:0123456789abcdef r.io/c/d:2", refuses, "", "1 error invalid reference format"},
	{"digest of 63 digits", "q.io/a/b@" + d64[:len(d64)-1] + " r.io/c/d:2", refuses, "", "1 error invalid checksum digest length"},
	{"digest of 65 digits", "q.io/a/b@" + d64 + "0 r.io/c/d:2", refuses, "", "1 error invalid checksum digest length"},
	{"digest of an unknown algorithm", "q.io/a/b@md9:" + d64[7:] + " r.io/c/d:2", refuses, "", "1 error unsupported digest algorithm"},
	{"digest in upper case", "q.io/a/b@sha256:" + strings.ToUpper(d64[7:]) + " r.io/c/d:2", refuses, "", "1 error invalid checksum digest format"},
	{"sha512 digest", "q.io/a/b@sha512:" + d64[7:] + d64[7:] + " r.io/c/d:2", takes, "q.io/a/b@sha512:" + d64[7:] + d64[7:] + ">r.io/c/d:2", ""},
	{"destination is a registry only", "q.io/a/b:1 r.io", refuses, "", "12 error names a registry but no repository"},
	{"destination is a registry and its port", "q.io/a/b:1 r.io:5000", refuses, "", "12 error names a registry but no repository"},
	{"destination is a registry and a digest", "q.io/a/b:1 r.io@" + d64, refuses, "", "12 error names a registry but no repository"},
	{"destination is localhost and its port", "q.io/a/b:1 localhost:5000", refuses, "", "12 error names a registry but no repository"},
	{"source is a registry only", "r.io:* q.io/a/b", refuses, "", "1 error names a registry but no repository"},
	{"repository with a dot in its name", "q.io/a/b:1 myorg/node.js", takes, "q.io/a/b:1>myorg/node.js:1", ""},
	{"repository with a dot as source", "myorg/node.js q.io/a/b", takes, "myorg/node.js>q.io/a/b:*", ""},
	{"destination is a registry and a slash", "q.io/a/b:1 r.io/", refuses, "", "12 error is not a valid image reference"},
	{"no registry", "a/b:1 r.io/c/d:2", takes, "a/b:1>r.io/c/d:2", ""},
	{"official image", "busybox:1 r.io/c/d:2", takes, "busybox:1>r.io/c/d:2", ""},
	{"localhost", "localhost/a:1 localhost:5000/a:1", takes, "localhost/a:1>localhost:5000/a:1", ""},
	{"port", "q.io:8443/a/b:1 r.io:5000/c/d", takes, "q.io:8443/a/b:1>r.io:5000/c/d:1", ""},
	{"address", "127.0.0.1:5000/a:1 127.0.0.2:5000/a", takes, "127.0.0.1:5000/a:1>127.0.0.2:5000/a:1", ""},
	{"IPv6 address", "[::1]:5000/a:1 r.io/a:1", takes, "[::1]:5000/a:1>r.io/a:1", ""},
	{"nested repositories", "q.io/a/b/c/d:1 r.io/a/b/c/d/e:1", takes, "q.io/a/b/c/d:1>r.io/a/b/c/d/e:1", ""},
	{"separators in a repository", "q.io/a_b/c__d/e.f/g--h:1 r.io/x:1", takes, "q.io/a_b/c__d/e.f/g--h:1>r.io/x:1", ""},
	{"three underscores", "q.io/a___b:1 r.io/x:1", refuses, "", "1 error invalid reference format"},
	{"two dots", "q.io/a..b:1 r.io/x:1", refuses, "", "1 error invalid reference format"},
	{"separator at the end", "q.io/a/b-:1 r.io/x:1", refuses, "", "1 error invalid reference format"},
	{"empty component", "q.io/a//b:1 r.io/x:1", refuses, "", "1 error invalid reference format"},
	{"tag that begins with a hyphen", "q.io/a/b:-1 r.io/x:1", refuses, "", "1 error invalid reference format"},
	{"tag of 128 characters", "q.io/a/b:" + strings.Repeat("t", 128) + " r.io/x:1", takes, "q.io/a/b:" + strings.Repeat("t", 128) + ">r.io/x:1", ""},
	{"tag of 129 characters", "q.io/a/b:" + strings.Repeat("t", 129) + " r.io/x:1", refuses, "", "1 error invalid reference format"},
	{"empty tag", "q.io/a/b: r.io/x:1", refuses, "", "9 error invalid reference format"},
	{"repository of 256 characters", "q.io/" + strings.Repeat("a", 251) + ":1 r.io/x:1", refuses, "", "1 error must not be more than 255 characters"},
	{"comma between references", "q.io/a:1,r.io/b:1 r.io/x:1", refuses, "", "9 error invalid reference format"},
	{"NUL byte", "q.io/a:1 r.io/b" + nul + ":1", refuses, "", "16 error NUL byte"},
	{"source is the destination", "q.io/a:1 q.io/a:1", refuses, "", "10 error source and destination are the same image"},
	{"source is the destination after defaults", "busybox:1 docker.io/library/busybox:1", refuses, "", "11 error source and destination are the same image"},
	{"source is the destination after inheritance", "q.io/a:1 q.io/a", refuses, "", "10 error source and destination are the same image"},
	{"source without tag: all tags", "q.io/a/b r.io/c/d", takes, "q.io/a/b>r.io/c/d:*", ""},
	{"source without tag, destination with one", "q.io/a/b r.io/c/d:1", varies, "", "10 error must be a repository without a tag"},
	{"wildcard", "q.io/a/b:* r.io/c/d", takes, "q.io/a/b:*>r.io/c/d:*", ""},
	{"wildcard with text", "q.io/a/b:v4.*-x*1 r.io/c/d", takes, "q.io/a/b:v4.*-x*1>r.io/c/d:v4.*-x*1", ""},
	{"wildcard to several", "q.io/a/b:v* r.io/c/d s.io/e", takes, "q.io/a/b:v*>r.io/c/d:v* q.io/a/b:v*>s.io/e:v*", ""},
	{"wildcard, destination with a tag", "q.io/a/b:v* r.io/c/d:1", varies, "", "13 error must be a repository without a tag"},
	{"wildcard in the repository", "q.io/a*/b:1 r.io/c/d:1", refuses, "", "7 error only possible in the tag of a source"},
	{"wildcard in the destination", "q.io/a/b:1 r.io/c/d:*", refuses, "", "21 error a destination cannot have a wildcard"},
	{"wildcard in a digest", "q.io/a/b@sha256:01* r.io/c/d:1", refuses, "", "1 error is not a valid image reference"},
	{"wildcard after a tag", "q.io/a/b:v1:* r.io/c/d", refuses, "", "1 error has a tag and a wildcard"},
	{"wildcard after a digest", "q.io/a/b@" + d64 + ":* r.io/c/d", refuses, "", "1 error has a digest and a wildcard"},
	{"wildcard after tag and digest", "q.io/a/b:v1@" + d64 + ":v* r.io/c/d", refuses, "", "1 error has a digest and a wildcard"},
	{"wildcard after a port", "q.io:5000/a/b:* r.io/c/d", takes, "q.io:5000/a/b:*>r.io/c/d:*", ""},
	{"wildcard with a bad character", "q.io/a/b:v*+1 r.io/c/d", refuses, "", "12 error the tag pattern holds '+'"},
	{"destination without tag takes the source's", "q.io/a/b:1 r.io/c/d", takes, "q.io/a/b:1>r.io/c/d:1", ""},
	{"digest to a tag", "q.io/a/b@" + d64 + " r.io/c/d:1", takes, "q.io/a/b@" + d64 + ">r.io/c/d:1", ""},
	{"digest to no tag", "q.io/a/b@" + d64 + " r.io/c/d", takes, "q.io/a/b@" + d64 + ">r.io/c/d", ""},
	{"tag and digest", "q.io/a/b:1@" + d64 + " r.io/c/d", takes, "q.io/a/b:1@" + d64 + ">r.io/c/d:1", ""},
	{"destination with a digest", "q.io/a/b:1 r.io/c/d@" + d64, refuses, "", "12 error a destination cannot have a digest"},
	{"destination with tag and digest", "q.io/a/b:1 r.io/c/d:1@" + d64, refuses, "", "12 error a destination cannot have a digest"},
	{"file target", "q.io/a/b:1 file://c/d:1", takes, "q.io/a/b:1>file://c/d:1", ""},
	{"s3 target", "q.io/a/b:1 s3://s3.amazonaws.com/r/b/c:1", takes, "q.io/a/b:1>s3://s3.amazonaws.com/r/b/c:1", ""},
	{"two lines joined", "q.io/a/b:1 r.io/c/d:2q.io/a/e:1 r.io/c/e:2", refuses, "", `22 error "r.io/c/d:2q.io/a/e:1" is the end of one line and the beginning of another`},
	{"two lines joined after a wildcard", "q.io/a/b:* r.io/c/dq.io/a/e:1 r.io/c/e:2", varies, "", `20 error "r.io/c/dq.io/a/e:1" is the end of one line and the beginning of another`},
	{"two lines joined where oc reads an image", "q.io/a/b:1 r.io/c/dq.io/a/e:1 r.io/c/e:2", takes, "q.io/a/b:1>r.io/c/dq.io/a/e:1 q.io/a/b:1>r.io/c/e:2", `20 warning "r.io/c/dq.io/a/e:1" is the end of one line and the beginning of another`},
	{"registry in the path of a destination", "q.io/a/b:1 r.io/q.io/a/b", takes, "q.io/a/b:1>r.io/q.io/a/b:1", ""},
	{"registry whose name ends in another", "q.io/a/b:1 mirror-q.io/a/b", takes, "q.io/a/b:1>mirror-q.io/a/b:1", ""},
	{"line of 64 KiB", "q.io/a/b:1" + strings.Repeat(" r.io/c/d:2", 6000), refuses, "", "1 error oc image mirror reads at most"},
}

func TestGrammar(t *testing.T) {
	if len(grammar) < 60 {
		t.Fatalf("the table has only %d rows", len(grammar))
	}
	for _, row := range grammar {
		t.Run(row.name, func(t *testing.T) {
			// The valid lines above and below show that a mistake changes
			// neither positions nor other lines.
			const good = "ok.io/a:1 ok.io/b:1\n"
			f := mapping.Parse("m", []byte(good+row.line+"\n"+good))
			var pairs []string
			for p := range f.Pairs() {
				if p.Source.Pos.Line == 2 {
					pairs = append(pairs, p.Source.Exact()+">"+p.Destination.Exact())
				}
			}
			if got := strings.Join(pairs, " "); got != row.pairs {
				t.Errorf("pairs: got %s, want %s", got, row.pairs)
			}
			var problems []string
			for _, p := range f.Problems {
				if p.Pos.Line != 2 {
					t.Errorf("a problem elsewhere: %v", p)
				}
				problems = append(problems, fmt.Sprintf("%d %s %s", p.Pos.Column, p.Severity, p.Message))
			}
			if row.want == "" && len(problems) > 0 {
				t.Errorf("problems: %q", problems)
			}
			if row.want != "" && !slices.ContainsFunc(problems, func(p string) bool { return meets(p, row.want) }) {
				t.Errorf("problems: got %q, want %q", problems, row.want)
			}
			refused := slices.ContainsFunc(f.Problems, func(p source.Problem) bool { return p.Severity == source.Error })
			if want := row.oc != takes; refused != want {
				t.Errorf("oc %s this line, and we report an error: %v", row.oc, refused)
			}
		})
	}
}

// meets compares "COLUMN SEVERITY message" with "COLUMN SEVERITY part".
func meets(got, want string) bool {
	g, w := strings.SplitN(got, " ", 3), strings.SplitN(want, " ", 3)
	return g[0] == w[0] && g[1] == w[1] && strings.Contains(g[2], w[2])
}
