package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

var (
	bin   = os.Getenv("MIRROR_BIN")    // folder of the commands
	shots = os.Getenv("BROWSER_SHOTS") // folder for screenshots
	// scratch is a folder that is removed after the tests.
	scratch string
	// chromium is the browser of all tests; each page has its own tab.
	chromium context.Context
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if bin == "" || shots == "" {
		fmt.Fprintln(os.Stderr, "error: MIRROR_BIN and BROWSER_SHOTS are not set\nhint: run make test-browser")
		return 2
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		fmt.Fprintln(os.Stderr, "error: there is no Chromium here, and these tests look at pages with it\nhint: apt-get install chromium")
		return 2
	}
	if err := os.MkdirAll(shots, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	var err error
	if scratch, err = os.MkdirTemp("", "browser-"); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 2
	}
	defer os.RemoveAll(scratch)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("disable-gpu", true))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stop()
	var end context.CancelFunc
	chromium, end = chromedp.NewContext(allocator)
	defer end()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintln(os.Stderr, "error: Chromium does not start:", err)
		return 2
	}
	return m.Run()
}

// command runs one of the commands. It accepts the exit code 1, which means
// findings.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.Env = append(os.Environ(), "ARTIFACTS=", "ARTIFACT_DIR=")
	if out, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// root is the root of the project.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
