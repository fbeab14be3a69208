# Tests of the HTML pages in headless Chromium (Debian's package chromium).

.PHONY: test-browser
test-browser: build bin/gotestsum ## test the HTML pages in Chromium; screenshots in bin/browser
	@rm -rf bin/browser
	cd tools/browser && $(GO) vet ./... && MIRROR_BIN=$(CURDIR)/bin BROWSER_SHOTS=$(CURDIR)/bin/browser $(TEST) -count=1 ./...
