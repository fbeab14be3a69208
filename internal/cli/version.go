package cli

import "runtime/debug"

// version is set by the linker in released binaries.
var version string

// Version returns the version of the running binary: the one it was linked with,
// else that of the module, else "devel".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
