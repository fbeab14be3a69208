SEEDS ?= 1000

.PHONY: chaos
chaos: ## the engine over registries that break, SEEDS=1000 times; MIRROR_CHAOS_SEED=N repeats one
	MIRROR_CHAOS_SEEDS=$(SEEDS) $(GO) test ./internal/chaos -run TestChaos -count=1 -v -timeout 60m | grep -v -e '^=== ' -e '^ *--- PASS'
