SEEDS ?= 1000

# The output is filtered; the status is that of the tests.
chaos compare-faults: SHELL := bash

.PHONY: chaos
chaos: ## the engine over registries that break, SEEDS=1000 times; MIRROR_CHAOS_SEED=N repeats one
	set -o pipefail; MIRROR_CHAOS_SEEDS=$(SEEDS) $(GO) test ./internal/chaos -run TestChaos -count=1 -v -timeout 60m | grep -v -e '^=== ' -e '^ *--- PASS'

.PHONY: compare-faults
compare-faults: bin/peer-crane bin/peer-regsync ## how many entries mirror, regsync, crane and skopeo copy under the same faults; needs skopeo
	set -o pipefail; MIRROR_COMPARE=1 $(GO) test ./internal/chaos -run TestCompare -count=1 -v -timeout 60m | grep -v '^=== '
