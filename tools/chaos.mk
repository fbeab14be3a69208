SEEDS ?= 1000

.PHONY: chaos
chaos: ## the engine over registries that break, SEEDS=1000 times; MIRROR_CHAOS_SEED=N repeats one
	MIRROR_CHAOS_SEEDS=$(SEEDS) $(GO) test ./internal/chaos -run TestChaos -count=1 -v -timeout 60m | grep -v -e '^=== ' -e '^ *--- PASS'

.PHONY: compare-faults
compare-faults: ## how many entries mirror, regsync, crane and skopeo bring over under the same faults; the three have to be on PATH
	MIRROR_COMPARE=1 $(GO) test ./internal/chaos -run TestCompare -count=1 -v -timeout 60m | grep -v '^=== '
