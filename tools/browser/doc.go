// Package browser has the tests of the HTML pages in headless Chromium: in light and
// dark, at widths of 600 and 1,400 pixels, with and without scripts, and in the
// frame of Prow's HTML lens. It is a separate module, so that the commands do not
// depend on the library that controls the browser.
//
// The tests run the commands in $MIRROR_BIN and leave screenshots in
// $BROWSER_SHOTS: make test-browser sets both.
package browser
