package validate

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

func jobSchedule() Rule {
	job := func(schedule string) string {
		return "-- ci-operator/jobs/infra-image-mirroring.yaml --\nperiodics:\n- name: periodic-image-mirroring-team\n  " + schedule + "\n"
	}
	return Rule{
		ID:    "job-schedule",
		Title: "a schedule that Prow refuses, or two schedules",
		Why: "Prow refuses the whole file because of one such job. " +
			"It keeps running the jobs of the last file that it could load, so later changes have no effect.",
		Fix: "Give the job exactly one of cron, interval and minimum_interval. A cron expression has five fields (minute, hour, day of the month, " +
			"month, day of the week), or is a word such as @hourly; an interval is a duration such as 4h.",
		Severity: source.Error,
		Bad:      job("cron: 0 9 * *"),
		Good:     job("cron: 0 9 * * *"),
		Check: func(p *Pass) {
			for _, job := range p.jobs() {
				checkSchedule(p, job)
			}
		},
	}
}

func checkSchedule(p *Pass, job *release.Job) {
	switch len(job.Schedules) {
	case 0:
		p.Report(job.Pos, "add cron, such as cron: '@hourly'", "%s has no schedule: Prow needs one of cron, interval and minimum_interval", job.Name)
		return
	case 1:
	default:
		second := job.Schedules[1]
		f := p.Report(second.Pos, "remove one of them", "%s has both %s and %s as its schedule, of which Prow takes only one",
			job.Name, job.Schedules[0].Key, second.Key)
		f.Related = append(f.Related, Related{Pos: job.Schedules[0].Pos, Message: "the other schedule"})
	}
	for _, s := range job.Schedules {
		if s.Key == "cron" {
			checkCron(p, job, s)
		} else if _, err := time.ParseDuration(s.Text); err != nil {
			p.Report(s.Pos, "write it like 90m or 4h", "%s has the %s %q, which is not a duration", job.Name, s.Key, s.Text)
		}
		if endless(s) {
			p.ReportAs(source.Warning, s.Pos, "write a time such as 30m or 4h",
				"%s has the %s %q: it starts again as soon as it has ended", job.Name, s.Key, s.Text)
		}
	}
}

// endless reports whether a schedule is an interval that has passed whenever the
// job has ended, because Prow looks for jobs to start once a minute.
func endless(s release.Field) bool {
	text, every := strings.CutPrefix(s.Text, "@every ")
	interval, err := time.ParseDuration(text)
	return err == nil && interval < time.Minute && every == (s.Key == "cron")
}

func checkCron(p *Pass, job *release.Job, s release.Field) {
	if err := parseCron(s.Text); err != nil {
		p.Report(s.Pos, "write five fields, or a word such as @hourly", "%s has the cron schedule %q, which Prow cannot read: %v", job.Name, s.Text, err)
		return
	}
	if len(strings.Fields(s.Text)) == 6 && !strings.HasPrefix(s.Text, "@") && !strings.Contains(s.Text, "TZ=") {
		p.ReportAs(source.Warning, s.Pos, "leave out the first field, unless it means seconds",
			"%s has a cron schedule of six fields, %q: the first one counts seconds", job.Name, s.Text)
	}
}

// parseCron reads a cron expression as Prow does. The parser panics on some
// texts, also in Prow.
func parseCron(text string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it makes the parser panic: %v", r)
		}
	}()
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	_, err = parser.Parse(text)
	return err
}
