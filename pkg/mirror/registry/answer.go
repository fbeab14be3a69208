package registry

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/body"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/auth"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/retry"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/throttle"
)

// maxErrorBody is how many bytes of an error's body are read.
const maxErrorBody = 16 << 10

// newError reads a refusal and closes its body. It removes our secrets from the
// registry's text.
func newError(gate *throttle.Host, resp *http.Response, now time.Time) *Error {
	defer resp.Body.Close()
	e := &Error{
		Method: resp.Request.Method, URL: gate.Short(bare(resp.Request.URL), 300), Host: gate.Name, Status: resp.StatusCode,
		RetryAfter: retry.After(resp.Header, now),
	}
	if offered := auth.Challenges(resp.Header); resp.StatusCode == http.StatusUnauthorized && len(offered) > 0 {
		e.Basic = !slices.ContainsFunc(offered, func(c auth.Challenge) bool { return c.Scheme != "basic" })
	}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	codes, message := spoken(body.Unzip(resp.Header, data, maxErrorBody))
	for _, code := range codes {
		e.Codes = append(e.Codes, gate.Short(code, 60))
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		message = cmp.Or(message, redirection(resp))
	}
	e.Message = gate.Short(message, 200)
	return e
}

// redirection explains why a redirect of a write is not followed.
func redirection(resp *http.Response) string {
	to, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return ""
	}
	return "a redirect to " + to.Host + " that would not keep the method: not followed"
}

// bare returns a URL without the parts that may be secret.
func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

const maxCodes = 4 // of one error

// spoken reads an error's body: in the form of the specification, of object
// stores, and of proxies.
func spoken(data []byte) (codes []string, message string) {
	var answer struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
		Message string `json:"message"`
		Error   string `json:"error"`
		Detail  string `json:"detail"`
	}
	err := json.Unmarshal(data, &answer)
	for _, one := range answer.Errors[:min(len(answer.Errors), maxCodes)] {
		codes = append(codes, one.Code)
		if message == "" {
			message = one.Message
		}
	}
	for _, other := range []string{answer.Message, answer.Error, answer.Detail} {
		if message == "" {
			message = other
		}
	}
	whole := strings.TrimSpace(string(data))
	switch {
	case message != "" || len(codes) > 0 || err == nil && whole == "{}":
	case strings.HasPrefix(whole, "<"):
		message = spokenByPage(whole)
	default:
		message = whole
	}
	return codes, message
}

var (
	title   = regexp.MustCompile(`(?is)<(?:title|h1)[^>]*>(.*?)</(?:title|h1)>`)
	storeNS = regexp.MustCompile(`(?is)<Error\b.*</Error>`)
)

// spokenByPage reads the error of an object store, or the title of a page.
func spokenByPage(page string) string {
	var store struct{ Code, Message string }
	if found := storeNS.FindString(page); found != "" && xml.Unmarshal([]byte(found), &store) == nil && store.Code+store.Message != "" { // #nosec G709 -- two strings are read, of a bounded body
		return strings.TrimSpace(store.Code + " " + store.Message)
	}
	if m := title.FindStringSubmatch(page); m != nil {
		return strings.Join(strings.Fields(m[1]), " ")
	}
	return ""
}
