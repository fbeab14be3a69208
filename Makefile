# make help lists the targets.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X github.com/mirror-tools/mirror-tools/internal/cli.version=$(VERSION)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'
BINARIES := bin/mirror-lint bin/mirror-jobgen bin/mirror

# Only the list of targets needs no Go. Go 1.20 and older cannot download the
# release that go.mod requires.
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
GO_RELEASE := $(word 3,$(shell GOTOOLCHAIN=local $(GO) version 2>/dev/null))
ifeq ($(filter-out go1.1% go1.20 go1.20.%,$(GO_RELEASE)),)
$(error $(or $(GO_RELEASE),no Go command) found, but Go 1.26 is required: install it from https://go.dev/dl/, or run make GO=/path/to/go)
endif
endif

# The packages that are tested with the race detector: all but those that run
# nothing in parallel and link Prow, whose instrumented build takes many minutes,
# or compare hundreds of trees. Only the target test lists them, because listing
# downloads modules.
RACE   = $(shell $(GO) list ./... | grep -v -e jobgen -e internal/depcheck -e pkg/effects)
# The race detector needs a C compiler. Without one, the tests run without it.
RACEFLAG = $(if $(shell command -v $$($(GO) env CC)),-race)
NORACE := ./pkg/effects/... ./pkg/jobgen/... ./cmd/mirror-jobgen/... ./internal/depcheck/...

.DEFAULT_GOAL := help

include tools/registries.mk
include tools/browser.mk
include tools/packaging.mk
include tools/bench.mk
include tools/chaos.mk
include tools/hardening.mk
include tools/prow.mk

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

.PHONY: build
build: $(BINARIES) ## build the three commands into bin/

.PHONY: FORCE
bin/mirror-lint bin/mirror-jobgen bin/mirror: bin/%: FORCE
	$(BUILD) -o $@ ./cmd/$*

# gotestsum lists the skipped tests with their reasons and repeats all failures
# at the end. SKIPS=none makes a skipped test a failure.
SUMMARY = $(CURDIR)/bin/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg \
	$(if $(SKIPS),--post-run-command "sh -c '[ \$$TESTS_SKIPPED = 0 ] || { echo error: no test may be skipped here; exit 1; }'")
TEST = $(SUMMARY) --
TOOL = $(GO) build -modfile=$(CURDIR)/tools/go/go.mod

bin/gotestsum: tools/go/go.mod
	@mkdir -p bin
	$(TOOL) -o $@ gotest.tools/gotestsum

.PHONY: demo
demo: ## the main workflow from end to end, with two embedded registries
	@echo "Compiling the three commands. The first time, this downloads their modules and takes some minutes, because mirror-jobgen links Prow."
	@$(MAKE) --no-print-directory build || { echo "hint: if modules cannot be downloaded, set GOPROXY to a proxy that this machine can reach (go help goproxy)" >&2; exit 1; }
	@$(GO) run ./tools/demo -bin bin

.PHONY: try
try: bin/mirror ## mirror a set of your own, SET=DIR, between two embedded registries; reports in bin/try
	@$(GO) run ./tools/demo -try $(if $(SET),$(SET),$(error name the folder of a set: make try SET=DIR)) -out bin/try

.PHONY: test
test: $(REGISTRIES) bin/gotestsum ## all tests; needs only Go and git
	@GO='$(GO)' RACE='$(RACE)' NORACE='$(NORACE)' RACEFLAG='$(RACEFLAG)' $(SUMMARY) --raw-command -- sh tools/gotest.sh

.PHONY: lint
lint: ## formatting, vet and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go') < /dev/null)" || { echo "gofmt would change these files:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go/go.mod staticcheck ./...

.PHONY: bench
bench: ## benchmarks: parsing, linting, planning, generating
	$(GO) test -run '^$$' -bench . -benchmem ./pkg/mapping ./pkg/release ./pkg/validate ./pkg/mirror ./pkg/jobgen

FUZZTIME ?= 1m

.PHONY: fuzz
fuzz: ## every fuzz target, one after the other, FUZZTIME=1m each
	@for file in $$(git grep -l '^func Fuzz' -- '*_test.go'); do \
	  for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' $$file); do \
	    echo "$${file%/*} $$target" && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s ./$${file%/*} || exit 1; \
	  done; \
	done

.PHONY: jobs check-jobs mappings check-mappings
jobs: bin/mirror-jobgen ## write the jobs file of the release repository RELEASE=DIR
	bin/mirror-jobgen generate $(if $(RELEASE),$(RELEASE),$(error name the release repository: make jobs RELEASE=DIR))

check-jobs: bin/mirror-jobgen ## fail if the jobs file of RELEASE=DIR differs from what generate writes
	bin/mirror-jobgen generate --check $(if $(RELEASE),$(RELEASE),$(error name the release repository: make check-jobs RELEASE=DIR))

mappings: bin/mirror-jobgen ## write the generated mapping files of the release repository RELEASE=DIR
	bin/mirror-jobgen mappings $(if $(RELEASE),$(RELEASE),$(error name the release repository: make mappings RELEASE=DIR))

check-mappings: bin/mirror-jobgen ## fail if a generated mapping file of RELEASE=DIR is stale
	bin/mirror-jobgen mappings --check $(if $(RELEASE),$(RELEASE),$(error name the release repository: make check-mappings RELEASE=DIR))

.PHONY: replay-jobs
replay-jobs: ## import and generate every version of the real jobs file; count those reproduced byte for byte
	$(GO) test ./pkg/jobgen -run ReplayHistory -v -count=1

.PHONY: golden
golden: ## rewrite the expected outputs and generated documents
	UPDATE=1 $(GO) test ./cmd/... ./pkg/validate/... ./pkg/jobgen/... ./internal/...

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
