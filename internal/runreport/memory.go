package runreport

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"time"
)

// ReadSince reads from the metrics of an earlier run since when destinations
// fail: from a file that Metrics wrote, or from a Pushgateway's copy of it, of
// the group with the given labels. Other lines are skipped.
func ReadSince(r io.Reader, group map[string]string) (Since, error) {
	out := Since{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), failingSince+"{")
		if !ok {
			continue
		}
		labels, rest, ok := readLabels(rest)
		v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
		if !ok || err != nil || v < 0 || v > 1e12 || labels["destination"] == "" || !includes(labels, group) {
			continue
		}
		out[labels["destination"]] = time.UnixMilli(int64(v * 1000)).UTC()
	}
	return out, lines.Err()
}

func includes(labels, group map[string]string) bool {
	for k, v := range group {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// readLabels reads the labels of a line of the text format up to the closing
// brace. Go's string literals have the format's three escapes.
func readLabels(s string) (labels map[string]string, rest string, ok bool) {
	labels = map[string]string{}
	for {
		s = strings.TrimLeft(s, ", ")
		if rest, done := strings.CutPrefix(s, "}"); done {
			return labels, rest, true
		}
		name, after, found := strings.Cut(s, "=")
		quoted, err := strconv.QuotedPrefix(after)
		if !found || err != nil {
			return nil, "", false
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, "", false
		}
		labels[strings.TrimSpace(name)] = value
		s = after[len(quoted):]
	}
}
