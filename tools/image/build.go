package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// module is the path of the main module.
const module = "github.com/mirror-tools/mirror-tools"

// platform is an operating system and an architecture.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

func parsePlatform(s string) (platform, error) {
	os, arch, ok := strings.Cut(s, "/")
	if !ok || os == "" || arch == "" || strings.Contains(arch, "/") {
		return platform{}, fmt.Errorf("platform %q is not of the form OS/ARCH", s)
	}
	return platform{os, arch}, nil
}

// binary is one command for one platform.
type binary struct {
	name string
	data []byte
	info *buildinfo.BuildInfo
}

// build compiles the commands for a platform, without C and without the paths of this
// machine.
func (o options) build(p platform) ([]binary, error) {
	dir, err := os.MkdirTemp("", "mirror-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	args := []string{
		"build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X " + module + "/internal/cli.version=" + o.version, "-o", dir + "/",
	}
	for _, c := range o.commands {
		args = append(args, "./cmd/"+c)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = o.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build for %s: %w\n%s", p, err, out)
	}
	var all []binary
	for _, c := range o.commands {
		data, err := os.ReadFile(filepath.Join(dir, c))
		if err != nil {
			return nil, err
		}
		info, err := buildinfo.Read(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c, err)
		}
		all = append(all, binary{c, data, info})
	}
	return all, nil
}
