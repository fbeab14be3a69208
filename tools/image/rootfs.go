package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is the user of the image, which is not root.
const user = "65532:65532"

// base returns the files of the image except the commands. There is no shell and no
// library.
func base() ([]file, error) {
	roots, err := certificates()
	if err != nil {
		return nil, err
	}
	return []file{
		{"etc/group", 0o644, []byte("root:x:0:\nnonroot:x:65532:\n")},
		{"etc/nsswitch.conf", 0o644, []byte("hosts: files dns\n")},
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n")},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, roots},
		{"tmp/", 0o777 | fs.ModeSticky, nil},
	}, nil
}

// certificates returns the roots that Mozilla trusts, as the Go project publishes
// them. go.mod pins them, so that they are the same on every machine. It leaves out
// roots with a constraint, because a PEM file cannot express one.
func certificates() ([]byte, error) {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// packed returns the files of one command: the binary and its SBOM.
func (o options) packed(b binary, p platform, bin, doc string) ([]file, error) {
	bom, err := sbom(b, o.version, p)
	if err != nil {
		return nil, err
	}
	return []file{{bin + b.name, 0o755, b.data}, {doc + b.name + ".cdx.json", 0o644, bom}}, nil
}

// The folders of the commands and of their SBOMs in the image.
const (
	binFolder = "usr/bin/"
	docFolder = "usr/share/doc/mirror-tools/"
)

// writeRootfs writes the file system of the image for one platform, for the
// Dockerfile.
func (o options) writeRootfs(dir string) error {
	if len(o.platform) != 1 {
		return errors.New("-rootfs takes one platform")
	}
	files, err := base()
	if err != nil {
		return err
	}
	binaries, err := o.build(o.platform[0])
	if err != nil {
		return err
	}
	for _, b := range binaries {
		more, err := o.packed(b, o.platform[0], binFolder, docFolder)
		if err != nil {
			return err
		}
		files = append(files, more...)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeFiles(dir, files)
}
