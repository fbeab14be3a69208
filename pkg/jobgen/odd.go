package jobgen

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// note records what import had to say about a job.
func (im *importer) note(x *importing, file string) {
	j := ImportedJob{Job: x.node.Name, File: file, Settings: settingNames(x.least)}
	if x.set != nil {
		j.Set = x.set.Name
	}
	j.Odd = im.odd(x)
	im.out.Jobs = append(im.out.Jobs, j)
}

// settingNames gives the names of the settings that are set, in their order.
func settingNames(s release.JobSettings) []string {
	var out []string
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && !v.Field(i).IsZero() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			out = append(out, name)
		}
	}
	return out
}

// odd gives what a person should look at.
func (im *importer) odd(x *importing) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch {
	case x.set == nil:
		say("no set has this job's mappings")
	case x.node.Name != namePrefix+x.set.Name:
		say("its name is not that of its set, %s", x.set.Name)
	}
	for _, field := range x.unknown {
		say("Prow does not know its field %s: it is left out", field)
	}
	for _, g := range x.node.Globs {
		if !slices.ContainsFunc(im.tree.Mappings(), func(f *release.MappingFile) bool {
			ok, err := path.Match(g.Pattern, f.Base)
			return ok && err == nil
		}) {
			say("%s matches no mapping file: oc is given the pattern itself", g.Pattern)
		}
	}
	text := script(im.b.template.container(x.job))
	if strings.Contains(text, "oc registry login") && !strings.Contains(text, "-a /tmp/config.json") {
		say("it logs in to the cluster's registry and does not use the login")
	}
	if !strings.Contains(text, "oc registry login") && x.full.ServiceAccountToken != nil && *x.full.ServiceAccountToken {
		say("it mounts a service account's token and does not log in with it")
	}
	if left := unsaid(text); left != "" {
		say("the command it prints is not the one it runs: %s is left out", left)
	}
	if x.least.Script != "" {
		say("it has a script of its own")
	}
	if x.least.Image != "" {
		n := 0
		for _, y := range im.jobs {
			if y.full.Image == x.full.Image {
				n++
			}
		}
		if n*4 <= len(im.jobs) {
			say("%d of %d jobs run the image %s", n, len(im.jobs), x.full.Image)
		}
	}
	if role := str(x.job, "labels", "ci.openshift.io/role"); role != str(im.b.template.value, "labels", "ci.openshift.io/role") {
		say("its role is %q", role)
	}
	if s := x.least.Slack; s != nil && s.States != nil && len(*s.States) == 0 {
		say("job_states_to_report is null: Prow reports its default states")
	}
	return out
}

var (
	announced = regexp.MustCompile(`^\s*echo "Running: (.*)"$`)
	executed  = regexp.MustCompile(`^\s*if (?:! )?(.*); then$`)
)

// unsaid gives the arguments of the first command that a script runs and did
// not print before.
func unsaid(script string) string {
	lines := strings.Split(script, "\n")
	for i, line := range lines {
		said := announced.FindStringSubmatch(line)
		if said == nil {
			continue
		}
		for _, next := range lines[i+1:] {
			run := executed.FindStringSubmatch(next)
			if run == nil {
				continue
			}
			words := strings.Fields(strings.ReplaceAll(said[1], `"`, ""))
			var left []string
			for _, w := range strings.Fields(strings.ReplaceAll(run[1], `"`, "")) {
				if !slices.Contains(words, w) {
					left = append(left, w)
				}
			}
			if len(left) > 0 {
				return strings.Join(left, " ")
			}
			break
		}
	}
	return ""
}
