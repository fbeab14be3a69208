# Image mirroring: generate its jobs from the folders of core-services/image-mirroring.

.PHONY: mirror-jobs check-mirror-jobs mirror-mappings check-mirror-mappings mirror-lint
mirror-jobs:
	mirror-jobgen generate .

check-mirror-jobs:
	mirror-jobgen generate --check .

mirror-mappings:
	mirror-jobgen mappings .

check-mirror-mappings:
	mirror-jobgen mappings --check .

mirror-lint:
	mirror-lint .
