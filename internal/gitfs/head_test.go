package gitfs

import "testing"

func TestWebAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"https://github.com/shop/release.git":           "https://github.com/shop/release/blob/c0ffee/sub/",
		"https://github.com/shop/release":               "https://github.com/shop/release/blob/c0ffee/sub/",
		"git@github.com:shop/release.git":               "https://github.com/shop/release/blob/c0ffee/sub/",
		"ssh://git@github.com:22/shop/release.git":      "https://github.com/shop/release/blob/c0ffee/sub/",
		"https://bot:secret@gitlab.example.org/shop/r/": "https://gitlab.example.org/shop/r/-/blob/c0ffee/sub/",
		"/srv/git/release.git":                          "",
		"../release":                                    "",
		"file:///srv/git/release.git":                   "",
		"http://github.com/shop/release":                "",
		"":                                              "",
	} {
		if got := webAddress(remote, "c0ffee", "sub/"); got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
	}
}
