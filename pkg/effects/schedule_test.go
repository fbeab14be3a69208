package effects_test

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/effects"
)

func TestSchedule(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "never",
		"@hourly":           "every hour",
		"@daily":            "every day",
		"@every 4h":         "every 4 hours",
		"@every 1h":         "every hour",
		"@every 20m":        "every 20 minutes",
		"@every 1h30m":      "every 90 minutes",
		"@every 48h":        "every 2 days",
		"@every 90s":        "every 1m30s",
		"@every soon":       "at @every soon",
		"0 * * * *":         "every hour",
		"30 * * * *":        "every hour at minute 30",
		"*/15 * * * *":      "every 15 minutes",
		"*/7 * * * *":       "at */7 * * * *", // the last distance is shorter
		"0 */6 * * *":       "every 6 hours",
		"5 */6 * * *":       "every 6 hours at minute 5",
		"0 3 * * *":         "every day at 03:00",
		"15 3,15 * * *":     "every day at 03:15, 15:15",
		"0 3 * * 1":         "every Monday at 03:00",
		"0 3 * * sun":       "every Sunday at 03:00",
		"0 3 1 * *":         "at 0 3 1 * *",
		"0 25 * * *":        "at 0 25 * * *",
		"0 1-5 * * *":       "at 0 1-5 * * *",
		"60 * * * *":        "at 60 * * * *",
		"* * * * *":         "every minute",
		"*/15 3 * * *":      "at */15 3 * * *",
		"0 0 0 * * *":       "at 0 0 0 * * *",
		"@reboot":           "at @reboot",
		"+5 * * * *":        "at +5 * * * *",
		"0 */0 * * *":       "at 0 */0 * * *",
		"once in a while":   "at once in a while",
		"0 */6 * * MON-FRI": "at 0 */6 * * MON-FRI",
	} {
		if got := effects.Schedule(in).String(); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
