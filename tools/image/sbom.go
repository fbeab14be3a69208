package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// sbom returns a CycloneDX document with the hash and version of a binary, and with
// the modules that it lists in its build information. It leaves out the serial
// number and the timestamp, which are optional, so that the same binary has the same
// document.
func sbom(b binary, version string, p platform) ([]byte, error) {
	sum := sha256.Sum256(b.data)
	self := packageURL(b.info.Main.Path, "") + "#cmd/" + b.name
	doc := cdx.NewBOM()
	doc.Metadata = &cdx.Metadata{Component: &cdx.Component{
		Type: cdx.ComponentTypeApplication, BOMRef: self, Name: b.name, Version: version, PackageURL: self,
		Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
		Properties: &[]cdx.Property{{Name: "platform", Value: p.String()}},
	}}
	parts := []cdx.Component{component("std", b.info.GoVersion, "")}
	for _, m := range b.info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, component(m.Path, m.Version, m.Sum))
	}
	slices.SortFunc(parts, func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) })
	refs := make([]string, len(parts))
	for i, c := range parts {
		refs[i] = c.BOMRef
	}
	doc.Components = &parts
	doc.Dependencies = &[]cdx.Dependency{{Ref: self, Dependencies: &refs}}
	var out bytes.Buffer
	err := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).Encode(doc)
	return out.Bytes(), err
}

// component returns one Go module; sum is its hash in go.sum, or empty.
func component(path, version, sum string) cdx.Component {
	url := packageURL(path, version)
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: url, Name: path, Version: version, PackageURL: url}
	if sum != "" {
		c.Properties = &[]cdx.Property{{Name: "go.sum", Value: sum}}
	}
	return c
}

// packageURL returns the package URL of a Go module (package-url.github.io).
func packageURL(path, version string) string {
	url := "pkg:golang/" + path
	if version != "" {
		url += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return url
}
