# The HTML pages in a browser: headless Chromium, Debian's package chromium.

.PHONY: test-browser
test-browser: build bin/gotestsum ## look at the HTML pages with Chromium, click in them; screenshots into bin/browser
	@rm -rf bin/browser
	cd tools/browser && $(GO) vet ./... && MIRROR_BIN=$(CURDIR)/bin BROWSER_SHOTS=$(CURDIR)/bin/browser $(TEST) -count=1 ./...
