package release

import (
	"regexp"
	"strconv"
	"strings"
)

// Loop is the variable part of the shell loop around "oc image mirror" in the
// periodics. [ParseLoop] and String are inverse: a script that String would not
// print exactly is not a loop.
type Loop struct {
	Glob             string // below the mount path, such as mapping_origin*
	Mount            string
	Trace            bool
	Login            Login
	SkipEmpty        bool
	Attempts         int // 1 is a plain attempt, without an inner loop
	KeepManifestList bool
	ContinueOnError  bool
	MaxPerRegistry   int
	Verbosity        int // 0 means that -v is not given
	// DigestTags is the length of a second tag, made of the first digits of the
	// image's digest. 0 means no second tag. It works for mapping files with
	// one line.
	DigestTags int
}

// flags are oc's flags before and after -f.
func (l Loop) flags() (before, after string) {
	if l.KeepManifestList {
		before += " --keep-manifest-list"
	}
	if l.MaxPerRegistry > 0 {
		before += " --max-per-registry=" + strconv.Itoa(l.MaxPerRegistry)
	}
	after = " --skip-multiple-scopes"
	if l.ContinueOnError {
		after += " --continue-on-error"
	}
	return before, after
}

// String prints the script. As in hand-written jobs, the echoed command has no
// -v and -a.
func (l Loop) String() string {
	before, after := l.flags()
	said := `echo "Running: oc image mirror` + before + ` -f=$mapping` + after + `"`
	run := "oc"
	if l.Verbosity > 0 {
		run += " -v" + strconv.Itoa(l.Verbosity)
	}
	run += " image mirror" + before
	if l.Login == LoginUsed {
		run += " -a /tmp/config.json"
	}
	run += ` -f="$mapping"` + after

	var b strings.Builder
	line := func(indent int, s string) {
		b.WriteString(strings.Repeat("  ", indent) + s + "\n")
	}
	if l.Trace {
		line(0, "set -euxo pipefail")
	} else {
		line(0, "set -o errexit")
	}
	if l.Login == LoginUsed || l.Login == LoginUnused {
		line(0, "cp ~/.docker/config.json /tmp/config.json")
		line(0, "oc registry login --to /tmp/config.json")
	}
	line(0, "failures=0")
	line(0, "for mapping in "+l.Mount+"/"+l.Glob+"; do")
	if l.SkipEmpty {
		line(1, `if [ ! -s "${mapping}" ]; then continue; fi`)
	}
	if l.DigestTags > 0 {
		l.digestTag(line)
	}
	if l.Attempts > 1 {
		line(1, "attempts="+strconv.Itoa(l.Attempts))
		line(1, "for attempt in $( seq $attempts ); do")
		line(2, said)
		line(2, "if "+run+"; then")
		line(3, "break")
		line(2, "fi")
		line(2, "if [[ $attempt -eq $attempts ]]; then")
		line(3, `echo "ERROR: Failed to mirror images from $mapping after $attempts attempts"`)
		line(3, "failures=$((failures+1))")
		line(2, "fi")
		line(1, "done")
	} else {
		line(1, said)
		line(1, "if ! "+run+"; then")
		line(2, `echo "ERROR: Failed to mirror images from $mapping"`)
		line(2, "failures=$((failures+1))")
		line(1, "fi")
	}
	line(0, "done")
	line(0, "exit $failures")
	return b.String()
}

// digestTag prints the commands that push the second tag.
func (l Loop) digestTag(line func(indent int, s string)) {
	before, after := l.flags()
	run := "oc image mirror" + before + " ${ciimage}=${quayimageshort}" + after
	line(1, `ciimage=$(cat ${mapping} | cut -d ' ' -f1)`)
	line(1, `quayimage=$(cat ${mapping} | cut -d ' ' -f2)`)
	line(1, `digest=$(oc image info ${ciimage} | grep 'Digest:' | tr -d ' ' | cut -d ':' -f2-)`)
	line(1, `shorttag=$(echo ${digest} | cut -d: -f2 | grep -oP '^.{`+strconv.Itoa(l.DigestTags)+`}')`)
	line(1, `quayimageshort=${quayimage/:*/:${shorttag}}`)
	line(1, `echo "Running: `+run+`"`)
	line(1, `if ! `+run+`; then`)
	line(2, `echo "ERROR: Failed to mirror images from $mapping to ${quayimageshort}"`)
	line(2, "failures=$((failures+1))")
	line(1, "fi")
}

var (
	loopDigest    = regexp.MustCompile(`(?m)^  shorttag=.*\^\.\{(\d{1,2})\}`)
	loopGlob      = regexp.MustCompile(`(?m)^for mapping in (/\S*)/([^/\s;]+); do$`)
	loopAttempts  = regexp.MustCompile(`(?m)^  attempts=(\d{1,3})$`)
	loopMax       = regexp.MustCompile(` --max-per-registry=(\d{1,4}) `)
	loopVerbosity = regexp.MustCompile(` oc -v(\d{1,2}) image mirror `)
)

// ParseLoop recognises a script that String prints.
func ParseLoop(script string) (Loop, bool) {
	m := loopGlob.FindStringSubmatch(script)
	if m == nil {
		return Loop{}, false
	}
	number := func(re *regexp.Regexp, otherwise int) int {
		if m := re.FindStringSubmatch(script); m != nil {
			n, _ := strconv.Atoi(m[1])
			return n
		}
		return otherwise
	}
	l := Loop{
		Mount:            m[1],
		Glob:             m[2],
		Trace:            strings.HasPrefix(script, "set -euxo pipefail\n"),
		Login:            LoginNone,
		SkipEmpty:        strings.Contains(script, "[ ! -s "),
		Attempts:         number(loopAttempts, 1),
		KeepManifestList: strings.Contains(script, " --keep-manifest-list "),
		ContinueOnError:  strings.Contains(script, " --continue-on-error"),
		MaxPerRegistry:   number(loopMax, 0),
		Verbosity:        number(loopVerbosity, 0),
		DigestTags:       number(loopDigest, 0),
	}
	if strings.Contains(script, "\noc registry login ") {
		l.Login = LoginUnused
		if strings.Contains(script, " -a /tmp/config.json ") {
			l.Login = LoginUsed
		}
	}
	return l, l.String() == script
}
