package body

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strings"
)

const maxCodes = 4 // of one error

// Refusal reads the codes and message in the body of an error response of
// registries, token endpoints, object stores or proxies.
func Refusal(data []byte) (codes []string, message string) {
	var answer struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
		Message string `json:"message"`
		Error   string `json:"error"`
		Detail  string `json:"detail"`
		Details string `json:"details"`
		OAuth   string `json:"error_description"`
	}
	err := json.Unmarshal(data, &answer)
	for _, one := range answer.Errors[:min(len(answer.Errors), maxCodes)] {
		codes = append(codes, one.Code)
		if message == "" {
			message = one.Message
		}
	}
	for _, other := range []string{answer.Message, answer.OAuth, answer.Details, answer.Error, answer.Detail} {
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
