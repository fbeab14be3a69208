#!/bin/sh
# Prints the changes that a release repository needs to use mirror-tools, as a
# patch: settings that reproduce its hand-written jobs, optional presubmits, and
# Makefile targets. It does not change the repository.
#
#   contrib/openshift-release/switch.sh ~/release > switch.patch
#   git -C ~/release apply switch.patch
#
# Needs git and mirror-jobgen (in $PATH, or in $MIRROR_JOBGEN).
set -eu
[ $# -eq 1 ] && [ -d "$1/core-services/image-mirroring" ] || {
	echo "usage: switch.sh DIR, the root of a release repository" >&2
	exit 2
}
jobgen=${MIRROR_JOBGEN:-mirror-jobgen}
from=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git() { command git -c user.name=switch -c user.email=switch@localhost -c core.autocrlf=false "$@"; }

# Copy the files that mirror-jobgen reads or changes.
for path in OWNERS_ALIASES Makefile core-services/image-mirroring core-services/ci-secret-bootstrap/_config.yaml \
	core-services/prow/02_config/_plugins.yaml ci-operator/jobs/infra-image-mirroring.yaml; do
	[ -e "$1/$path" ] || continue
	mkdir -p "$work/$(dirname "$path")"
	cp -R "$1/$path" "$work/$path"
done
cd "$work"
git init -q .
git add -A
git commit -q -m before

"$jobgen" import --dry-run . > "$work/.git/settings.patch"
git apply "$work/.git/settings.patch"
"$jobgen" generate --check . >&2
"$jobgen" presubmit --optional "$from" > ci-operator/jobs/infra-image-mirroring-presubmits.yaml
mkdir -p hack
cp "$here/mirror.mk" hack/mirror.mk
[ ! -e Makefile ] || printf '\ninclude hack/mirror.mk\n' >> Makefile
git add -A
git diff --cached --no-color --no-renames
