# Compares mirror with crane, regsync and, if it is installed, skopeo. The benchmark
# and these programs are in a separate module.
WORKLOADS ?= w1 w1lat w1far w1lists w1one w2 w3 w3slow big entries real

bin/bench: $(wildcard tools/bench/*.go) tools/bench/go.mod
	@mkdir -p bin
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/bench -o $(CURDIR)/$@ .

bin/peer-crane bin/peer-regsync: tools/bench/go.mod tools/bench/go.sum
	@mkdir -p bin
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/bench -trimpath -ldflags='-s -w' -o $(CURDIR)/bin/peer-crane github.com/google/go-containerregistry/cmd/crane
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/bench -trimpath -ldflags='-s -w' -o $(CURDIR)/bin/peer-regsync github.com/regclient/regclient/cmd/regsync

.PHONY: bench-mirror
bench-mirror: bin/mirror bin/registry-distribution bin/bench bin/peer-crane bin/peer-regsync ## compare mirror with crane, regsync and skopeo: WORKLOADS='w1 w3', RUNS=3, PEERS=regsync
	bin/bench $(if $(RUNS),-runs $(RUNS)) $(if $(PEERS),-peers '$(PEERS)') $(WORKLOADS)
