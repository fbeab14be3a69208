package effects

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule describes when a job runs: "every day at 03:00" for "0 3 * * *". It
// quotes a schedule that it cannot describe.
func Schedule(s string) Words {
	if s == "" {
		return Words{Say("never")}
	}
	if words, ok := descriptors()[s]; ok {
		return Words{Say(words)}
	}
	if every, ok := strings.CutPrefix(s, "@every "); ok {
		if d, err := time.ParseDuration(every); err == nil {
			return Words{Say("every " + durationWords(d))}
		}
	}
	if words, ok := cronWords(strings.Fields(s)); ok {
		return Words{Say(words)}
	}
	return Words{Say("at "), Code(s)}
}

func descriptors() map[string]string {
	return map[string]string{
		"@hourly": "every hour", "@daily": "every day", "@midnight": "every day", "@weekly": "every week",
		"@monthly": "every month", "@yearly": "every year", "@annually": "every year",
	}
}

// durationWords returns "20 minutes", "hour", "2 hours", "1h30m".
func durationWords(d time.Duration) string {
	switch {
	case d == time.Hour:
		return "hour"
	case d == 24*time.Hour:
		return "day"
	case d > 0 && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d > 0 && d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d > 0 && d%time.Minute == 0:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return d.String()
}

// cronWords describes the common forms of five fields.
func cronWords(f []string) (string, bool) {
	if len(f) != 5 || f[2] != "*" || f[3] != "*" {
		return "", false
	}
	minute, hour := f[0], f[1]
	day, ok := weekday(f[4])
	if !ok {
		return "", false
	}
	if n, ok := step(minute, 60); ok && hour == "*" && day == "day" {
		if n == 1 {
			return "every minute", true
		}
		return fmt.Sprintf("every %d minutes", n), true
	}
	at, ok := number(minute, 59)
	if !ok {
		return "", false
	}
	offset := ""
	if at != 0 {
		offset = fmt.Sprintf(" at minute %d", at)
	}
	if n, ok := step(hour, 24); ok && day == "day" {
		if n == 1 {
			return "every hour" + offset, true
		}
		return fmt.Sprintf("every %d hours%s", n, offset), true
	}
	var times []string
	for h := range strings.SplitSeq(hour, ",") {
		n, ok := number(h, 23)
		if !ok {
			return "", false
		}
		times = append(times, fmt.Sprintf("%02d:%02d", n, at))
	}
	return "every " + day + " at " + strings.Join(times, ", "), true
}

// step reads "*" and "*/N". N has to divide the whole, so that the interval is
// always the same.
func step(s string, whole int) (int, bool) {
	if s == "*" {
		return 1, true
	}
	rest, ok := strings.CutPrefix(s, "*/")
	n, err := strconv.Atoi(rest)
	return n, ok && err == nil && n > 0 && n < whole && whole%n == 0
}

func number(s string, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && n <= most && s[0] != '+'
}

func weekday(s string) (string, bool) {
	if s == "*" {
		return "day", true
	}
	for i, name := range []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"} {
		if s == strconv.Itoa(i) || strings.EqualFold(s, name[:3]) {
			return name, true
		}
	}
	return "", false
}
