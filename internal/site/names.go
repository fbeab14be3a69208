package site

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
)

var (
	plainName  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$`)
	otherChars = regexp.MustCompile(`[^A-Za-z0-9._-]+`)
)

// pageName returns the name of a set's page, which is a file and a link at once. A
// set is named by its folder, and a folder may have any name: one such as http:x
// would be a link elsewhere, one of 252 bytes no file. Only a page whose set is
// not plainly named begins with "~".
func pageName(set string) string {
	if plainName.MatchString(set) {
		return set
	}
	sum := sha256.Sum256([]byte(set))
	readable := otherChars.ReplaceAllString(set, "_")
	return "~" + readable[:min(len(readable), 60)] + "-" + hex.EncodeToString(sum[:8])
}
