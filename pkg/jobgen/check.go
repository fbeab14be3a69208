package jobgen

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// maxName is the maximum length of a label value in Kubernetes. Prow truncates
// longer job names.
const maxName = 63

var nameChars = regexp.MustCompile(`^[A-Za-z0-9-._]+$`)

// refusal is a part of a job that Prow rejects or misreads.
type refusal struct{ setting, message, hint string }

// refusals returns what Prow would reject or misread in a job, if its setting is
// known. Prow's own loader finds the rest.
func refusals(job object) []refusal {
	var out []refusal
	add := func(setting, hint, format string, args ...any) {
		out = append(out, refusal{setting, fmt.Sprintf(format, args...), hint})
	}
	name := str(job, "name")
	switch {
	case !nameChars.MatchString(name):
		add("name", "use letters, digits, '-', '.' and '_'", "Prow does not accept the job name %q", name)
	case len(name) > maxName:
		add("name", "set a shorter name", "the job name %s has %d characters; Prow truncates its label to %d", name, len(name), maxName)
	}
	schedule := str(job, "cron")
	if schedule != "" {
		if err := checkCron(schedule); err != nil {
			add("cron", "write five fields, or @hourly, @daily, \"@every 20m\"", "cron %q: %v", schedule, err)
		}
	}
	if d, err := time.ParseDuration(str(job, "interval")); err == nil && d < time.Minute {
		add("interval", "write a length of time such as 30m or 4h", "interval %s: the job would start again as soon as it ends", str(job, "interval"))
	}
	var given []string
	for _, key := range [...]string{"cron", "interval", "minimum_interval"} {
		if str(job, key) != "" {
			given = append(given, key)
		}
	}
	switch {
	case len(given) > 1:
		add(given[0], "keep one of them", "the job %s has %s: Prow accepts exactly one", name, strings.Join(given, " and "))
	case len(given) == 0:
		add("cron", "set cron, or interval", "the job %s has no schedule: Prow refuses it", name)
	}
	return out
}

// check reports problems of a finished job at the setting that causes them.
func (b *builder) check(job object, s subject) {
	name := str(job, "name")
	for _, r := range refusals(job) {
		b.problem(s.at(r.setting), r.hint, "%s", r.message)
	}
	if text, err := json.Marshal(job); err == nil && strings.Contains(string(text), placeholder) {
		b.problem(s.at(""), "set the value, with patch if there is no setting for it", "a %s of the template %s is not replaced in the job %s", placeholder, b.template.file, name)
	}
	if err := strict(job); err != nil {
		b.problem(s.at("patch"), "see Prow's job configuration", "Prow cannot read the job %s: %s", name, strings.ReplaceAll(err.Error(), "\n", " "))
	}
}

// checkCron parses a schedule as Prow does, and rejects one that would start the
// job more than once a minute.
func checkCron(spec string) error {
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	schedule, err := parser.Parse("TZ=UTC " + spec)
	if err != nil {
		return err
	}
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if next := schedule.Next(start); schedule.Next(next).Sub(next) < time.Minute {
		return errors.New("the job would start more than once a minute: six fields begin with seconds")
	}
	return nil
}
