package main

import (
	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mapping"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// protection are the flags that protect tags.
type protection struct {
	overwrite string
	adopt     bool
	immutable []string
	protected string
	backup    string
}

func (p *protection) bind(f *pflag.FlagSet, mode mirror.Mode) {
	cli.WordVar(f, &p.overwrite, "overwrite", string(mirror.OverwriteAlways), "overwrite tags: always, changed-by-us or never",
		string(mirror.OverwriteAlways), string(mirror.OverwriteOurs), string(mirror.OverwriteNever))
	f.StringArrayVar(&p.immutable, "immutable", nil, "never move tags that match `PATTERN`, such as '*:v[0-9]*'")
	cli.WordVar(f, &p.protected, "protected", "fail", "whether a protected tag fails the run: fail or warn", "fail", "warn")
	if mode != mirror.ModeCheck {
		f.BoolVar(&p.adopt, "adopt", false, "treat current tags as mirrored by us (changed-by-us)")
		f.StringVar(&p.backup, "backup", "", "keep a moved tag's image under a tag `TEMPLATE`")
	}
}

// apply checks the flags and hands them to the engine.
func (p *protection) apply(opts *mirror.Options) error {
	opts.Overwrite = mirror.Overwrite(p.overwrite)
	if opts.Adopt = p.adopt; p.adopt && opts.Overwrite != mirror.OverwriteOurs {
		return cli.Usagef("--adopt needs --overwrite changed-by-us")
	}
	for _, s := range p.immutable {
		g, err := mapping.ParseGlob(s)
		if err != nil {
			return cli.Usagef("--immutable: %w", err)
		}
		opts.Immutable = append(opts.Immutable, g)
	}
	opts.TolerateProtected = p.protected == "warn"
	return nil
}

// backups reads the template of --backup. It returns nil without the flag.
func (p *protection) backups() (*mapping.Backup, error) {
	if p.backup == "" {
		return nil, nil
	}
	b, err := mapping.ParseBackup(p.backup)
	if err != nil {
		return nil, cli.Usagef("--backup: %w", err)
	}
	return b, nil
}
