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

// pageName returns the name of a set's page, which has to work as a file and as a
// link. The name of a set is that of its folder and may be anything: http:x would
// be a link to another site, and 252 bytes are too long for a file. The names of
// such pages begin with "~".
func pageName(set string) string {
	if plainName.MatchString(set) {
		return set
	}
	sum := sha256.Sum256([]byte(set))
	readable := otherChars.ReplaceAllString(set, "_")
	return "~" + readable[:min(len(readable), 60)] + "-" + hex.EncodeToString(sum[:8])
}
