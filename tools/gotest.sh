#!/bin/sh
# Vets and tests all packages, as one stream of events for gotestsum: those of
# $RACE with $RACEFLAG, then those of $NORACE. Each part also runs if the one before
# failed. The timeout is only for a test that hangs.
status=0
"$GO" vet ./... || status=1
if [ -n "$RACEFLAG" ]; then
	CGO_ENABLED=1 "$GO" test -json -timeout 60m "$RACEFLAG" $RACE || status=1
else
	echo "no C compiler: the tests run without the race detector" >&2
	"$GO" test -json -timeout 60m $RACE || status=1
fi
"$GO" test -json -timeout 60m $NORACE || status=1
exit $status
