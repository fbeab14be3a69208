// Package browser holds the tests of the HTML pages in a browser: headless
// Chromium looks at them in light and dark, at 600 and 1,400 pixels, with and
// without scripts, and in the frame of Prow's HTML lens. It is a module of its
// own, so that what drives the browser never reaches what is shipped.
//
// The tests run the commands in $MIRROR_BIN and leave screenshots in
// $BROWSER_SHOTS: make test-browser sets both.
package browser
