package jobgen

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// maxName is the number of characters of a label's value in Kubernetes, beyond
// which Prow cuts a job's name short.
const maxName = 63

var nameChars = regexp.MustCompile(`^[A-Za-z0-9-._]+$`)

// check reports what Prow would refuse or misread in a finished job, at the
// setting that it comes from. The rest is left to Prow's own loader.
func (b *builder) check(job object, s subject) {
	name := str(job, "name")
	switch {
	case !nameChars.MatchString(name):
		b.problem(s.at("name"), "use letters, digits, '-', '.' and '_'", "the job's name %q is not one that Prow accepts", name)
	case len(name) > maxName:
		b.problem(s.at("name"), "set a shorter name", "the job's name %s has %d characters; Prow cuts its label after %d", name, len(name), maxName)
	}
	if c := str(job, "cron"); c != "" {
		if err := checkCron(c); err != nil {
			b.problem(s.at("cron"), "write five fields, or @hourly, @daily, \"@every 20m\"", "cron %q: %v", c, err)
		}
	}
	if text, err := json.Marshal(job); err == nil && strings.Contains(string(text), placeholder) {
		b.problem(s.at(""), "set what belongs there, with patch if there is no setting for it", "%s of the template %s survives in the job %s", placeholder, b.template.file, name)
	}
	if err := strict(job); err != nil {
		pos, hint := s.at("patch"), "see Prow's job configuration"
		b.problem(pos, hint, "Prow would not read the job %s: %s", name, strings.ReplaceAll(err.Error(), "\n", " "))
	}
}

// checkCron reads a schedule as Prow does, and refuses one that would start the
// job more than once a minute.
func checkCron(spec string) error {
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	schedule, err := parser.Parse("TZ=UTC " + spec)
	if err != nil {
		return err
	}
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if next := schedule.Next(start); schedule.Next(next).Sub(next) < time.Minute {
		return errTooOften
	}
	return nil
}

type scheduleError string

func (e scheduleError) Error() string { return string(e) }

const errTooOften = scheduleError("the job would start more than once a minute: six fields begin with seconds")
