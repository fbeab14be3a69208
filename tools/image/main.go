// Image packs the three commands: as container images for several
// architectures in an OCI layout, as the root file system of one such image,
// and as release archives. It needs the Go command, but no container engine.
//
// The same source, version, time and Go release give the same bytes. It is a
// separate module, so that the commands do not depend on what it needs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// options has what to pack.
type options struct {
	source   string // root of the main module
	commands []string
	platform []platform
	version  string
	revision string
	created  time.Time // the time of every file and image
}

func run(args []string) error {
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	layout := f.String("layout", "", "write an OCI layout to this `DIR`")
	rootfs := f.String("rootfs", "", "write the root file system of the image to this `DIR`; takes one platform")
	release := f.String("release", "", "write archives and checksums to this `DIR`")
	source := f.String("source", ".", "root `DIR` of the main module")
	commands := f.String("commands", "mirror,mirror-jobgen,mirror-lint", "comma-separated `NAMES` of the commands to pack")
	platforms := f.String("platforms", "linux/"+runtime.GOARCH, "`OS/ARCH,...` to build for")
	version := f.String("version", "devel", "version in the binaries, labels and file names")
	revision := f.String("revision", "", "git commit of the source")
	created := f.Int64("created", 0, "time of all files and images, in `SECONDS` since 1970")
	if err := f.Parse(args); err != nil {
		return err
	}
	o := options{
		source: *source, commands: strings.Split(*commands, ","), version: *version, revision: *revision,
		created: time.Unix(*created, 0).UTC(),
	}
	slices.Sort(o.commands)
	for _, s := range strings.Split(*platforms, ",") {
		p, err := parsePlatform(s)
		if err != nil {
			return err
		}
		o.platform = append(o.platform, p)
	}
	switch {
	case f.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", f.Arg(0))
	case *layout != "":
		return o.writeLayout(*layout)
	case *rootfs != "":
		return o.writeRootfs(*rootfs)
	case *release != "":
		return o.writeRelease(*release)
	}
	return errors.New("nothing to do: set -layout, -rootfs or -release")
}
