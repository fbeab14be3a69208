// Vuln runs govulncheck on packages of the main module and says in a few lines
// what it finds. It is a module of its own, so that nothing it needs is a
// dependency of the commands.
//
// The database is Go's, https://vuln.go.dev; where that cannot be reached, the
// one of the date that is pinned here, from the Go module proxy, and it says so.
// It exits with 1 when a vulnerable function of a module is called that a later
// version has mended, because that is for us to change. What the standard library
// has is a matter of the Go release that a binary is built with: it is told, with
// the release to use, and so is what nobody has mended yet.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/vuln/scan"
)

// The pinned database, a module of the Go project, with its hash as in go.sum.
const (
	pinned    = "golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018"
	pinnedSum = "h1:mfngRv0Yoh0VApsXKEN82CjD99kl7mtparN3bs3JnqI="
)

const online = "https://vuln.go.dev"

func main() {
	source := flag.String("source", ".", "root `DIR` of the main module")
	db := flag.String("db", "", "`URL` of the database (default: "+online+", else the pinned one)")
	flag.Parse()
	ok, err := run(*source, *db, flag.Args(), os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(3)
	case !ok:
		os.Exit(1)
	}
}

func run(source, db string, packages []string, w io.Writer) (bool, error) {
	if db == "" {
		db = online
		if err := reach(db); err != nil {
			fmt.Fprintf(w, "the database of vulnerabilities cannot be reached: %v\nchecking against the pinned one: %s\n", err, pinned)
			if db, err = local(); err != nil {
				return false, err
			}
		}
	}
	var out, problems bytes.Buffer
	cmd := scan.Command(context.Background(), append([]string{"-C", source, "-format", "json", "-db", db}, packages...)...)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Start(); err != nil {
		return false, err
	}
	if err := cmd.Wait(); err != nil {
		return false, fmt.Errorf("govulncheck: %w %s", err, problems.Bytes())
	}
	found, err := read(&out)
	if err != nil {
		return false, err
	}
	return found.print(w), nil
}

// reach asks for the smallest file of the database.
func reach(db string) error {
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(db + "/index/db.json")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// local gives the URL of the pinned database.
func local() (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", pinned)
	cmd.Dir = os.TempDir() // no module: go.mod is not asked
	data, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s cannot be had from the module proxy either: %w", pinned, err)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(data, &module); err != nil {
		return "", err
	}
	if module.Sum != pinnedSum {
		return "", fmt.Errorf("%s has the hash %s, not %s", pinned, module.Sum, pinnedSum)
	}
	return "file://" + filepath.ToSlash(filepath.Join(module.Dir, "data", "osv")), nil
}
