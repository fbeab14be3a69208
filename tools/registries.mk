# Registries that the tests start as separate processes. They are separate modules,
# so that the commands do not depend on them.

REGISTRIES := bin/registry-distribution bin/registry-olareg

bin/registry-distribution: tools/registries/distribution/go.mod tools/registries/distribution/go.sum
	@mkdir -p bin
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/registries/distribution -trimpath -ldflags='-s -w' \
	  -o $(CURDIR)/$@ github.com/distribution/distribution/v3/cmd/registry

bin/registry-olareg: tools/registries/olareg/go.mod tools/registries/olareg/go.sum
	@mkdir -p bin
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/registries/olareg -trimpath -ldflags='-s -w' \
	  -o $(CURDIR)/$@ github.com/olareg/olareg/cmd/olareg

.PHONY: registries test-registries
registries: $(REGISTRIES) ## build the registries that the tests start as processes

# The tests that copy between every pair of registries and that protect tags in each.
# They fail without Debian's docker-registry 2.8 (apt-get install docker-registry).
test-registries: $(REGISTRIES) bin/gotestsum ## copy between every pair of registries, Debian's docker-registry included
	MIRROR_TEST_DEBIAN_REGISTRY=1 $(TEST) -count=1 -run '^(TestRegistries|TestChangedByUs|TestBackup)$$' ./pkg/mirror/
