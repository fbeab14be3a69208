# Checks that `make test` leaves out because they take long or need the network.

.PHONY: test-kill
test-kill: ## kill a run at 200 moments and check the destination after each
	MIRROR_KILLS=200 $(GO) test -count=1 -run TestKilledAtAnyMoment -v ./cmd/mirror

# The vulnerability database comes from the module proxy, at a pinned version.
# Checking mirror-jobgen takes ten minutes: make vuln VULN=./cmd/mirror-jobgen.
VULN   ?= ./cmd/mirror ./cmd/mirror-lint
VULNDB ?= golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018

.PHONY: vuln
vuln: bin/govulncheck ## known vulnerabilities in code that mirror and mirror-lint call
	@dir=$$($(GO) mod download -modfile=tools/go/go.mod -json $(VULNDB) | sed -n 's/^\t"Dir": "\(.*\)",*/\1/p') && \
	  bin/govulncheck -db "file://$$dir/data/osv" $(VULN)

bin/govulncheck: tools/go/go.mod
	@mkdir -p bin
	$(TOOL) -o $@ golang.org/x/vuln/cmd/govulncheck

.PHONY: test-alerts
test-alerts: ## check the alerts and the metrics of a run with promtool (Debian's package prometheus)
	cd contrib/prometheus && promtool check rules mirror-alerts.yaml && promtool test rules mirror-alerts-test.yaml
	$(MAKE) --no-print-directory try SET=testdata/release/core-services/image-mirroring/webshop > /dev/null
	promtool check metrics < bin/try/mirror.prom

# gosec checks the code of mirror and mirror-lint. "#nosec" comments mark single
# exceptions. These rules are excluded everywhere:
#   G104  the commands ignore errors of closing and of output to a terminal
#   G304  the commands read the files that a user names
#   G301, G306  everybody with access to the folder may read the reports
.PHONY: gosec
gosec: bin/gosec ## run gosec on the code of mirror and mirror-lint
	bin/gosec -quiet -exclude=G104,G304,G301,G306 $$($(GO) list -deps -f '{{with .Module}}{{if .Main}}{{$$.Dir}}{{end}}{{end}}' ./cmd/mirror ./cmd/mirror-lint)

bin/gosec: tools/go/go.mod
	@mkdir -p bin
	$(TOOL) -o $@ github.com/securego/gosec/v2/cmd/gosec

# Builds two copies of the source in two folders, each with its own build cache, so
# that a dependency on the machine shows as a difference.
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
