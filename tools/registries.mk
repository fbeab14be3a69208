# Registries that the tests start as separate processes. They are modules of
# their own, outside the main go.mod, so that their dependencies never reach
# what we ship.

REGISTRIES := bin/registry-distribution bin/registry-olareg

bin/registry-distribution: tools/registries/distribution/go.mod tools/registries/distribution/go.sum
	@mkdir -p bin
	GOWORK=off CGO_ENABLED=0 go build -C tools/registries/distribution -trimpath -ldflags='-s -w' \
	  -o $(CURDIR)/$@ github.com/distribution/distribution/v3/cmd/registry

bin/registry-olareg: tools/registries/olareg/go.mod tools/registries/olareg/go.sum
	@mkdir -p bin
	GOWORK=off CGO_ENABLED=0 go build -C tools/registries/olareg -trimpath -ldflags='-s -w' \
	  -o $(CURDIR)/$@ github.com/olareg/olareg/cmd/olareg

.PHONY: registries test-registries
registries: $(REGISTRIES) ## build the registries that the tests start as processes

# The copy suite over every pair of registries, and what protects tags in each;
# Debian's docker-registry 2.8 (apt-get install docker-registry) is one of them,
# without which it fails.
test-registries: $(REGISTRIES) bin/gotestsum ## the copy suite over every pair of registries, Debian's docker-registry included
	MIRROR_TEST_DEBIAN_REGISTRY=1 $(TEST) -count=1 -run '^(TestRegistries|TestChangedByUs|TestBackup)$$' ./pkg/mirror/
