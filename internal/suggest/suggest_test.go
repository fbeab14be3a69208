package suggest

import "testing"

func TestNearest(t *testing.T) {
	candidates := []string{"duplicate-destination", "mapping-name", "mapping-unused", "job-auth", "format", "text", "json"}
	for word, want := range map[string]string{
		"duplicate-destinaton": "duplicate-destination",
		"mapping_name":         "mapping-name",
		"maping-nmae":          "mapping-name",
		"JSON":                 "json",
		"jsno":                 "json",
		"dup":                  "duplicate-destination",
		"mapping":              "", // two begin with it
		"yaml":                 "",
		"x":                    "",
		"":                     "",
	} {
		if got := Nearest(word, candidates); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := Hint("txt", candidates, "see --help"); got != "did you mean text?" {
		t.Errorf("hint: %q", got)
	}
	if got := Hint("nothing-like-it", candidates, "see --help"); got != "see --help" {
		t.Errorf("hint: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "ab", 2}, {"quay", "qauy", 1}, {"quay", "quayy", 1}, {"quay", "qay", 1}, {"quay", "quau", 1}, {"abc", "xyz", 3}, {"ä", "a", 1},
		{"latest", "latset", 1}, {"latest", "lasett", 2}, {"v1.10", "v1.1", 1}, {"app", "a", 2},
	} {
		if got := Distance(tt.a, tt.b); got != tt.want || Distance(tt.b, tt.a) != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
