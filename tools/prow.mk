# Prow's programs at the version in go.mod, and the Pod validation of Kubernetes.
# They are separate modules, which the releases do not contain.
PROW_PROGRAMS := checkconfig entrypoint initupload mkpj mkpod sidecar

$(addprefix bin/prow/,$(PROW_PROGRAMS)) &: tools/prow/go.mod tools/prow/go.sum
	@mkdir -p bin/prow
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/prow -trimpath -ldflags='-s -w' -o $(CURDIR)/bin/prow/ \
	  $(addprefix sigs.k8s.io/prow/cmd/,$(PROW_PROGRAMS))
	@touch $(addprefix bin/prow/,$(PROW_PROGRAMS))

bin/prow/podcheck: tools/podcheck/go.mod tools/podcheck/go.sum tools/podcheck/main.go
	@mkdir -p bin/prow
	GOWORK=off CGO_ENABLED=0 $(GO) build -C tools/podcheck -trimpath -ldflags='-s -w' -o $(CURDIR)/$@ .

.PHONY: test-prow
test-prow: $(addprefix bin/prow/,$(PROW_PROGRAMS)) bin/prow/podcheck bin/registry-distribution bin/gotestsum ## check and run the generated jobs with Prow's own programs
	MIRROR_TEST_PROW=$(CURDIR)/bin/prow $(TEST) -count=1 -run '^TestProw' ./cmd/mirror-jobgen
