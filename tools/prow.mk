# Prow's own programs, of the version in go.mod, and Kubernetes' own check of
# Pods. They are modules of their own: nothing of them is shipped.
PROW_PROGRAMS := checkconfig entrypoint initupload mkpj mkpod sidecar

$(addprefix bin/prow/,$(PROW_PROGRAMS)) &: tools/prow/go.mod tools/prow/go.sum
	@mkdir -p bin/prow
	GOWORK=off CGO_ENABLED=0 go build -C tools/prow -trimpath -ldflags='-s -w' -o $(CURDIR)/bin/prow/ \
	  $(addprefix sigs.k8s.io/prow/cmd/,$(PROW_PROGRAMS))
	@touch $(addprefix bin/prow/,$(PROW_PROGRAMS))

bin/prow/podcheck: tools/podcheck/go.mod tools/podcheck/go.sum tools/podcheck/main.go
	@mkdir -p bin/prow
	GOWORK=off CGO_ENABLED=0 go build -C tools/podcheck -trimpath -ldflags='-s -w' -o $(CURDIR)/$@ .

.PHONY: test-prow
test-prow: $(addprefix bin/prow/,$(PROW_PROGRAMS)) bin/prow/podcheck bin/registry-distribution bin/gotestsum ## Prow's own programs take the generated jobs and run them
	MIRROR_TEST_PROW=$(CURDIR)/bin/prow $(TEST) -count=1 -run '^TestProw' ./cmd/mirror-jobgen
