SEEDS ?= 1000

.PHONY: chaos
chaos: ## the engine over registries that break, SEEDS=1000 times; MIRROR_CHAOS_SEED=N repeats one
	MIRROR_CHAOS_SEEDS=$(SEEDS) $(GO) test ./internal/chaos -run TestChaos -count=1 -v -timeout 60m | grep -v -e '^=== ' -e '^ *--- PASS'

.PHONY: compare-faults
compare-faults: bin/peer-crane bin/peer-regsync ## how many entries mirror, regsync, crane and skopeo copy under the same faults; needs skopeo
	MIRROR_COMPARE=1 $(GO) test ./internal/chaos -run TestCompare -count=1 -v -timeout 60m | grep -v '^=== '
