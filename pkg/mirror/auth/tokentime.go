package auth

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// lifetime reads expires_in: seconds as a number, a fraction or text.
func lifetime(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(textOf(raw), 64)
	if err != nil || math.IsNaN(seconds) {
		return defaultLifetime
	}
	seconds = min(max(seconds, defaultLifetime.Seconds()), 1<<20)
	return time.Duration(seconds * float64(time.Second))
}

// age returns how long ago a token was issued, by the clock of the endpoint if
// its answer has one (Date); 0 if that is not known.
func age(raw json.RawMessage, h http.Header, now time.Time) time.Duration {
	issued, ok := issuedAt(textOf(raw))
	if !ok {
		return 0
	}
	if there, err := http.ParseTime(h.Get("Date")); err == nil {
		now = there
	}
	return max(now.Sub(issued), 0)
}

// issuedAt reads a time in the forms of token endpoints.
func issuedAt(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	since, err := strconv.ParseFloat(text, 64) // since 1970, in seconds or milliseconds
	if err != nil || !(since > 0 && since < 1e14) {
		return time.Time{}, false
	}
	if since > 1e11 {
		since /= 1000
	}
	return time.Unix(int64(since), 0), true
}

// textOf returns a JSON string or number as text.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		s = string(raw)
	}
	return strings.TrimSpace(s)
}
