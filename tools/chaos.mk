SEEDS ?= 1000

# The recipes filter the output but keep the exit code of the tests.
chaos compare-faults: SHELL := bash

.PHONY: chaos
chaos: ## run the engine with failing registries, SEEDS=1000 times; MIRROR_CHAOS_SEED=N repeats one
	set -o pipefail; MIRROR_CHAOS_SEEDS=$(SEEDS) $(GO) test ./internal/chaos -run TestChaos -count=1 -v -timeout 60m | grep -v -e '^=== ' -e '^ *--- PASS'

.PHONY: compare-faults
compare-faults: bin/peer-crane bin/peer-regsync ## count what mirror, regsync, crane and skopeo copy under the same faults; needs skopeo
	set -o pipefail; MIRROR_COMPARE=1 $(GO) test ./internal/chaos -run TestCompare -count=1 -v -timeout 60m | grep -v '^=== '
