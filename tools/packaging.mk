# Container images and release archives. `make test` builds none of them, because
# the generator links Prow, which takes minutes for each platform.

IMAGE_PLATFORMS   ?= linux/amd64,linux/arm64
RELEASE_PLATFORMS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64
COMMANDS          ?= mirror,mirror-jobgen,mirror-lint

# All files have the time of the commit, so that the same source gives the same bytes.
PACK = cd tools/image && $(GO) run . -source ../.. -commands $(COMMANDS) -version $(VERSION) \
	-revision "$$(git rev-parse HEAD 2>/dev/null)" -created "$$(git log -1 --format=%ct 2>/dev/null || echo 0)"

.PHONY: image
image: ## write bin/image, an OCI layout for amd64 and arm64 (some minutes); COMMANDS= names fewer
	@$(PACK) -layout $(CURDIR)/bin/image -platforms $(IMAGE_PLATFORMS)

.PHONY: release
release: ## write bin/release: archives for Linux and macOS with checksums (many minutes); COMMANDS= names fewer
	@$(PACK) -release $(CURDIR)/bin/release -platforms $(RELEASE_PLATFORMS)

.PHONY: test-image
test-image: bin/gotestsum ## build the image without the generator and mirror with it; build the archives
	cd tools/image && $(GO) vet ./... && $(TEST) ./...

.PHONY: test-docs
test-docs: build bin/gotestsum ## run every command block of the documents
	MIRROR_BIN=$(CURDIR)/bin $(TEST) -count=1 ./internal/docs
