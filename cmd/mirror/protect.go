package main

import (
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// protection are the flags that say what may be overwritten.
type protection struct {
	overwrite string
	immutable []string
	protected string
}

func (p *protection) bind(f *pflag.FlagSet) {
	f.StringVar(&p.overwrite, "overwrite", string(mirror.OverwriteAlways), "which tags may be moved to another image: always (all) or never (none)")
	f.StringArrayVar(&p.immutable, "immutable", nil, "tags that are never moved, as a `PATTERN` for REPOSITORY:TAG, such as '*:v[0-9]*'; repeatable")
	f.StringVar(&p.protected, "protected", "fail", "what a tag that may not be moved makes of the run: fail or warn")
}

// apply checks the flags and hands them to the engine.
func (p *protection) apply(opts *mirror.Options) error {
	switch opts.Overwrite = mirror.Overwrite(p.overwrite); opts.Overwrite {
	case mirror.OverwriteAlways, mirror.OverwriteNever:
	default:
		return cli.Usagef("--overwrite %s: use always or never", p.overwrite)
	}
	for _, s := range p.immutable {
		g, err := mapping.ParseGlob(s)
		if err != nil {
			return cli.Usagef("--immutable: %w", err)
		}
		opts.Immutable = append(opts.Immutable, g)
	}
	switch p.protected {
	case "fail":
	case "warn":
		opts.TolerateProtected = true
	default:
		return cli.Usagef("--protected %s: use fail or warn", p.protected)
	}
	return nil
}
