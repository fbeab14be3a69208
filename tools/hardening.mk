# What is not part of `make test` because it takes long, or needs the network.

.PHONY: test-kill
test-kill: ## kill a run at 200 moments and look at the destination after each
	MIRROR_KILLS=200 $(GO) test -count=1 -run TestKilledAtAnyMoment -v ./cmd/mirror

# The database of vulnerabilities comes from the module proxy, of this date.
# mirror-jobgen takes ten minutes: make vuln VULN=./cmd/mirror-jobgen.
VULN   ?= ./cmd/mirror ./cmd/mirror-lint
VULNDB ?= golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018

.PHONY: vuln
vuln: bin/govulncheck ## known vulnerabilities that mirror and mirror-lint call
	@dir=$$($(GO) mod download -modfile=tools/go/go.mod -json $(VULNDB) | sed -n 's/^\t"Dir": "\(.*\)",*/\1/p') && \
	  bin/govulncheck -db "file://$$dir/data/osv" $(VULN)

bin/govulncheck: tools/go/go.mod
	@mkdir -p bin
	$(TOOL) -o $@ golang.org/x/vuln/cmd/govulncheck

.PHONY: test-alerts
test-alerts: ## the alerts and the metrics of a run, checked with promtool (Debian's package prometheus)
	cd contrib/prometheus && promtool check rules mirror-alerts.yaml && promtool test rules mirror-alerts-test.yaml
	$(MAKE) --no-print-directory try SET=testdata/release/core-services/image-mirroring/webshop > /dev/null
	promtool check metrics < bin/try/mirror.prom

# gosec over the code of mirror and mirror-lint. Exceptions stand beside the code
# ("#nosec"), but for four kinds that are the commands' purpose or habit:
#   G104  errors of closing and of output to a terminal are ignored on purpose
#   G304  the files that a user names are read
#   G301, G306  reports are for everybody who may read the folder
.PHONY: gosec
gosec: bin/gosec ## gosec on the code of mirror and mirror-lint
	bin/gosec -quiet -exclude=G104,G304,G301,G306 $$($(GO) list -deps -f '{{with .Module}}{{if .Main}}{{$$.Dir}}{{end}}{{end}}' ./cmd/mirror ./cmd/mirror-lint)

bin/gosec: tools/go/go.mod
	@mkdir -p bin
	$(TOOL) -o $@ github.com/securego/gosec/v2/cmd/gosec

# Two copies of the source in two folders, each with a build cache of its own: what
# depends on the machine would show.
REPRODUCE ?= mirror mirror-lint

.PHONY: reproducible
reproducible: ## build the commands twice, in two folders and without a cache, and compare the bytes
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && set -e && \
	for copy in one a/longer/way/to/two; do \
	  mkdir -p "$$dir/$$copy" && git ls-files -z | tar --null -T - -cf - | tar -xf - -C "$$dir/$$copy"; \
	  ( cd "$$dir/$$copy" && export GOCACHE="$$dir/cache/$$copy" && \
	    for c in $(REPRODUCE); do $(BUILD) -buildvcs=false -o "$$dir/out/$$copy/$$c" ./cmd/$$c; done ); \
	done; \
	for c in $(REPRODUCE); do \
	  cmp "$$dir/out/one/$$c" "$$dir/out/a/longer/way/to/two/$$c" && echo "$$c: twice the same bytes"; \
	done
