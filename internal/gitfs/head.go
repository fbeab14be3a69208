package gitfs

import (
	"net/url"
	"strings"
)

// Head is the current commit of a checkout.
type Head struct {
	Commit string
	Date   string // of the commit, as YYYY-MM-DD
	// Web is the web address of the files of that commit, with a slash at the end,
	// as guessed from the remote origin, or "".
	Web string
}

// HeadOf returns the commit of the checkout that contains a folder, or
// [ErrNoCheckout].
func HeadOf(dir string) (Head, error) {
	out, err := git(dir, "log", "-1", "--format=%H %cs")
	if err != nil {
		return Head{}, err
	}
	var h Head
	h.Commit, h.Date, _ = strings.Cut(strings.TrimSpace(string(out)), " ")
	prefix, err := git(dir, "rev-parse", "--show-prefix")
	if err != nil {
		return Head{}, err
	}
	if remote, err := git(dir, "remote", "get-url", "origin"); err == nil {
		h.Web = webAddress(strings.TrimSpace(string(remote)), h.Commit, strings.TrimSpace(string(prefix)))
	}
	return h, nil
}

// webAddress returns the web address of the files of a commit from the address that
// git fetches from, without its user name and password.
func webAddress(remote, commit, folder string) string {
	if host, name, ok := strings.Cut(remote, ":"); ok && !strings.Contains(remote, "://") && !strings.Contains(host, "/") {
		remote = "ssh://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + name
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "ssh" {
		return ""
	}
	blob := "/blob/"
	if strings.Contains(u.Hostname(), "gitlab") {
		blob = "/-/blob/"
	}
	web := url.URL{Scheme: "https", Host: u.Hostname(), Path: strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git") + blob + commit + "/" + folder}
	return web.String()
}
