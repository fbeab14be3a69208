package validate

import "testing"

func TestOneOff(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"app", "apps", true},
		{"app", "pp", true},
		{"app", "aap", true},
		{"app", "abp", true},
		{"latest", "latset", true},
		{"latest", "lasett", false},
		{"app", "app", false},
		{"app", "a", false},
		{"app", "bpq", false},
		{"", "a", true},
		{"v1.10", "v1.1", true},
	} {
		if got := oneOff(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := oneOff(c.b, c.a); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}
