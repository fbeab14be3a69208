package main

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
)

// The values of --insecure that are not hosts.
const (
	everyHost = "true" // also of --insecure without a value, as oc has it
	noHost    = "false"
)

// insecureHosts reads --insecure, which may be followed by a host or, as with
// oc, by nothing: it removes the hosts from the arguments and returns the
// others. It warns if no certificate is verified at all.
func (t *trust) insecureHosts(args []string, stderr io.Writer) []string {
	var rest []string
	for _, a := range args {
		i := slices.Index(t.insecure, everyHost)
		if i < 0 || !isHost(a) || exists(a) {
			rest = append(rest, a)
			continue
		}
		t.insecure[i] = a
	}
	t.insecure = slices.DeleteFunc(t.insecure, func(h string) bool { return h == noHost })
	if slices.Contains(t.insecure, everyHost) {
		fmt.Fprintln(stderr, "warning: --insecure without a host: no certificate is verified, and every registry may be reached over plain http")
	}
	return rest
}

var hostPattern = regexp.MustCompile(`^(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|\[[0-9a-fA-F:]+\])(:\d+)?$|^[A-Za-z0-9-]+:\d{4,5}$`)

// isHost reports whether an argument is a host, perhaps with a port, rather than an
// image reference, which nearly always has a "/".
func isHost(s string) bool { return hostPattern.MatchString(s) }

// isInsecure reports whether a host was named by --insecure, with or without its
// port.
func (t *trust) isInsecure(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return slices.ContainsFunc(t.insecure, func(h string) bool { return h == everyHost || h == host || h == name })
}
