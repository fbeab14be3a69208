# What is not part of `make test` because it takes long, or needs the network.

.PHONY: test-kill
test-kill: ## kill a run at 200 moments and look at the destination after each
	MIRROR_KILLS=200 $(GO) test -count=1 -run TestKilledAtAnyMoment -v ./cmd/mirror
