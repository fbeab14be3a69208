package validate_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// The files of shop.
const (
	dir       = "core-services/image-mirroring/"
	webshop   = dir + "webshop/mapping_webshop_latest"
	webshop14 = dir + "webshop/mapping_webshop_1_4"
	billing   = dir + "billing/mapping_billing"
	search    = dir + "search/mapping_search"
	jobs      = "ci-operator/jobs/infra-image-mirroring.yaml"
	secrets   = "core-services/ci-secret-bootstrap/_config.yaml"
	plugins   = "core-services/prow/02_config/_plugins.yaml"
	config    = "ci-operator/config/shop/web/shop-web-main.yaml"
	ledger    = "ci-operator/config/shop/ledger/shop-ledger-main.yaml"
	access    = "clusters/app.ci/registry-access/"
)

// files is a small release repository as its files.
type files map[string]string

// shop is a release repository without findings: three sets, their jobs,
// secrets, promotions and roles.
func shop() files {
	f := files{
		webshop:                "registry.ci.openshift.org/webshop/main:frontend quay.io/webshop/frontend:latest\nregistry.ci.openshift.org/webshop/main:cart quay.io/webshop/cart:latest\n",
		webshop14:              "# kept for the old shops\nregistry.ci.openshift.org/webshop/1.4:frontend quay.io/webshop/frontend:1.4\nregistry.ci.openshift.org/webshop/1.4:cart quay.io/webshop/cart:1.4\n",
		billing:                "registry.ci.openshift.org/billing/main:ledger quay.io/billing/ledger:latest quay.io/billing/ledger:main\n",
		search:                 "registry.ci.openshift.org/search/main:index quay.io/search/index:latest\n",
		"OWNERS_ALIASES":       "aliases:\n  search-team:\n  - carol\n  - dan\n",
		dir + "webshop/OWNERS": "approvers:\n- alice\n",
		dir + "billing/OWNERS": "approvers:\n- bob\n- alice\n",
		dir + "search/OWNERS":  "approvers:\n- search-team\n",
		jobs:                   "periodics:\n" + shopJob("webshop") + shopJob("billing") + shopJob("search"),
		secrets:                "secret_configs:\n" + shopSecret("webshop") + shopSecret("billing") + shopSecret("search"),
		plugins:                "config_updater:\n  maps:\n    core-services/image-mirroring/**/mapping_*:\n      clusters:\n        app.ci:\n        - ci\n      name: image-mirror-mappings\n",
		config:                 shopConfig("webshop", "main", "frontend", "cart"),
		"ci-operator/config/shop/web/shop-web-1.4.yaml": shopConfig("webshop", "1.4", "frontend", "cart"),
		ledger: shopConfig("billing", "main", "ledger"),
		"ci-operator/config/shop/search/shop-search-main.yaml": shopConfig("search", "main", "index", "query"),
	}
	for _, namespace := range []string{"webshop", "billing", "search"} {
		f[access+namespace+"/admin_manifest.yaml"] = strings.ReplaceAll(shopAccess, "NAMESPACE", namespace)
	}
	return f
}

func shopJob(set string) string {
	return strings.ReplaceAll(`- agent: kubernetes
  cluster: app.ci
  cron: '@hourly'
  decorate: true
  labels:
    ci.openshift.io/area: NAME
    ci.openshift.io/role: image-mirroring
  name: periodic-image-mirroring-NAME
  spec:
    containers:
    - args:
      - -c
      - |
        set -o errexit
        failures=0
        for mapping in /etc/imagemirror/mapping_NAME*; do
          echo "Running: oc image mirror --keep-manifest-list -f=$mapping --skip-multiple-scopes"
          if ! oc image mirror --keep-manifest-list -f="$mapping" --skip-multiple-scopes; then
            echo "ERROR: Failed to mirror images from $mapping"
            failures=$((failures+1))
          fi
        done
        exit $failures
      command:
      - /bin/bash
      env:
      - name: HOME
        value: /home/mirror
      image: registry.ci.openshift.org/ocp/4.9:cli
      imagePullPolicy: Always
      name: ""
      resources:
        requests:
          cpu: 500m
      volumeMounts:
      - mountPath: /home/mirror/.docker/config.json
        name: push
        readOnly: true
        subPath: config.json
      - mountPath: /etc/imagemirror
        name: config
    volumes:
    - name: push
      secret:
        secretName: registry-push-credentials-quay.io-NAME
    - configMap:
        name: image-mirror-mappings
      name: config
`, "NAME", set)
}

func shopSecret(set string) string {
	return strings.ReplaceAll(`- from:
    config.json:
      field: push
      item: quay.io/NAME
  to:
  - cluster: app.ci
    name: registry-push-credentials-quay.io-NAME
    namespace: ci
`, "NAME", set)
}

func shopConfig(namespace, stream string, images ...string) string {
	text := "images:\n"
	for _, image := range images {
		text += "- dockerfile_path: Dockerfile\n  to: " + image + "\n"
	}
	return text + fmt.Sprintf("promotion:\n  name: %q\n  namespace: %s\nresources:\n  '*':\n    requests: {cpu: 100m}\n", stream, namespace)
}

const shopAccess = `kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: image-tagger
  namespace: NAMESPACE
rules:
- apiGroups: [image.openshift.io]
  resources: [imagestreamtags, imagestreams]
  verbs: [get, create, update, patch]
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: image-tagger-ci-operator
  namespace: NAMESPACE
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: image-tagger
subjects:
- kind: ServiceAccount
  name: ci-operator
  namespace: ci
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata:
  name: image-puller
  namespace: NAMESPACE
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: system:image-puller
subjects:
- kind: Group
  apiGroup: rbac.authorization.k8s.io
  name: system:authenticated
`

// edit replaces the first occurrence of a text in a file. It panics if there is
// none, so that every mutation changes something.
func (f files) edit(name, old, text string) {
	if !strings.Contains(f[name], old) {
		panic(fmt.Sprintf("%s does not hold %q", name, old))
	}
	f[name] = strings.Replace(f[name], old, text, 1)
}

// move renames a file.
func (f files) move(from, to string) {
	if _, ok := f[from]; !ok {
		panic("no file " + from)
	}
	f[to] = f[from]
	delete(f, from)
}

// load reads the files as a tree.
func (f files) load(t *testing.T) *release.Tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range f {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree, err := release.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// since returns the findings that a change of the files adds.
func since(t *testing.T, before, after files) *validate.Result {
	t.Helper()
	old, tree := before.load(t), after.load(t)
	result := validate.Run(tree, validate.Rules()...)
	result.Since(old, tree, validate.Rules()...)
	return result
}

// describe lists causes and their places.
func describe(groups []validate.Group) string {
	var b strings.Builder
	for _, g := range groups {
		f := g.First()
		fmt.Fprintf(&b, "\n  %s: %s: %s [%s]", f.Pos, f.Severity, g.Message(), f.Rule)
		for _, r := range f.Related {
			fmt.Fprintf(&b, "\n    %s: %s", r.Pos, r.Message)
		}
	}
	return b.String()
}

func TestShopIsClean(t *testing.T) {
	result := validate.Run(shop().load(t), validate.Rules()...)
	if len(result.Findings) > 0 || len(result.Skipped) > 0 {
		t.Errorf("findings:%s\nskipped: %v", describe(validate.GroupByCause(result.Findings)), result.Skipped)
	}
}

// A change that adds no finding to a tree with mistakes.
func TestNothingNew(t *testing.T) {
	mistakes := shop()
	mistakes[webshop] += "registry.ci.openshift.org/webshop/main:wishlist quay.io/webshop/cart:latest\n"
	mistakes[webshop14] += "registry.ci.openshift.org/webshop/1.4:voucher quay.io/webshop/frontend:latest\n"
	mistakes[billing] += "docker.io/library/postgres:9 quay.io/billing/postgres:9\n"
	mistakes.edit(jobs, "quay.io-search", "quay.io-billing")
	mistakes[search] += "registry.ci.openshift.org/search/main:index   quay.io/search/index:main\n"
	delete(mistakes, dir+"billing/OWNERS")
	for name, change := range map[string]func(files){
		"a moved file": func(f files) { f.move(webshop, dir+"webshop/mapping_webshop_current") },
		"two moved files": func(f files) {
			f.move(webshop, dir+"webshop/mapping_webshop_a")
			f.move(webshop14, dir+"webshop/mapping_webshop_b")
		},
		"jobs in another order":  func(f files) { f[jobs] = "periodics:\n" + reversedJobs(f[jobs]) },
		"lines in another order": func(f files) { f[webshop] = reversedLines(f[webshop]) },
		"a comment above":        func(f files) { f[webshop] = "# the shop\n" + f[webshop] },
		"secrets in another order": func(f files) {
			f[secrets] = "secret_configs:\n" + shopSecret("search") + shopSecret("billing") + shopSecret("webshop")
		},
		"a set renamed everywhere": func(f files) { renameSet(f, "webshop", "store") },
		"another set renamed":      func(f files) { renameSet(f, "billing", "accounts") },
	} {
		t.Run(name, func(t *testing.T) {
			after := maps.Clone(mistakes)
			change(after)
			if maps.Equal(after, mistakes) {
				t.Fatal("nothing was changed")
			}
			if new := since(t, mistakes, after).Findings; len(new) > 0 {
				t.Errorf("new:%s", describe(validate.GroupByCause(new)))
			}
		})
	}
}

// Of three files that copy the same images by a wildcard, one is removed: the
// finding about the other two is not new. One about an added file is.
func TestOneOfSeveralWriters(t *testing.T) {
	const all = "registry.ci.openshift.org/webshop/main quay.io/webshop/all\n"
	before := shop()
	for _, name := range []string{"a", "b", "c"} {
		before[dir+"webshop/mapping_webshop_"+name] = all
	}
	after := maps.Clone(before)
	delete(after, dir+"webshop/mapping_webshop_a")
	if new := since(t, before, after).Findings; len(new) > 0 {
		t.Errorf("one less:%s", describe(validate.GroupByCause(new)))
	}
	after = maps.Clone(before)
	after[dir+"webshop/mapping_webshop_d"] = all
	if new := since(t, before, after).Findings; len(new) != 1 || new[0].Pos.File != dir+"webshop/mapping_webshop_d" {
		t.Errorf("one more:%s", describe(validate.GroupByCause(new)))
	}
}

// reversedJobs returns the jobs of a file in reversed order.
func reversedJobs(text string) string {
	parts := strings.Split(strings.TrimPrefix(text, "periodics:\n"), "- agent:")
	out := ""
	for _, p := range parts[1:] {
		out = "- agent:" + p + out
	}
	return out
}

func reversedLines(text string) string {
	out := ""
	for line := range strings.Lines(text) {
		out = line + out
	}
	return out
}

// renameSet renames a set in all places: folder, files, jobs, secrets.
func renameSet(f files, from, to string) {
	for name, text := range maps.Clone(f) {
		if !strings.Contains(name, from) && name != jobs && name != secrets {
			continue
		}
		if name == jobs || name == secrets {
			f[name] = strings.ReplaceAll(text, from, to)
		}
		if strings.HasPrefix(name, dir+from+"/") {
			f.move(name, strings.ReplaceAll(name, from, to))
		}
	}
	f.edit(secrets, "item: quay.io/"+to, "item: quay.io/"+from) // the organisation stays
}

// A conflict is reported on the line that the change adds.
func TestNewAtTheChange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(files)
		at     string
	}{
		{"the earlier file", func(f files) {
			f[webshop14] += "registry.ci.openshift.org/webshop/1.4:cart quay.io/webshop/cart:latest\n"
		}, webshop14 + ":4"},
		{"the later file", func(f files) { f[webshop] += "registry.ci.openshift.org/webshop/main:cart quay.io/webshop/cart:1.4\n" }, webshop + ":3"},
		{"the first line of a file", func(f files) {
			f[webshop] = "registry.ci.openshift.org/webshop/main:frontend quay.io/webshop/cart:latest\n" + f[webshop]
		}, webshop + ":1"},
		{"another set", func(f files) {
			f[billing] += "registry.ci.openshift.org/billing/main:ledger quay.io/webshop/cart:latest\n"
		}, billing + ":2"},
		{"a config that promotes the same", func(f files) {
			f[ledger] = shopConfig("search", "main", "index")
		}, ledger + ":3"},
		{"a credential of another set", func(f files) { f.edit(jobs, "quay.io-billing", "quay.io-search") }, jobs + ":94"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			after := shop()
			tt.change(after)
			found := since(t, shop(), after).Findings
			for _, f := range found {
				if at := fmt.Sprintf("%s:%d", f.Pos.File, f.Pos.Line); at == tt.at {
					return
				}
			}
			t.Errorf("nothing at %s:%s", tt.at, describe(validate.GroupByCause(found)))
		})
	}
}

// Of several problems in one finding, only the new one is reported.
func TestNewPartAlone(t *testing.T) {
	before := shop()
	before[webshop] += ci + "webshop/main:wishlist quay.io/webshop/wishlist:latest\n" + ci + "webshop/main:voucher quay.io/webshop/voucher:latest\n"
	after := maps.Clone(before)
	after[webshop] += ci + "webshop/main:coupon quay.io/webshop/coupon:latest\n"
	found := since(t, before, after).Findings
	if len(found) != 1 || found[0].Message != "nothing promotes, publishes or mirrors "+ci+"webshop/main:coupon" || found[0].Pos.Line != 5 || len(found[0].Related) > 0 {
		t.Errorf("new:%s", describe(validate.GroupByCause(found)))
	}
}

// A jobs file that no longer parses is one finding, in spite of earlier
// mistakes.
func TestJobsFileBreaks(t *testing.T) {
	before := shop()
	before.move(billing, dir+"billing/mapping_invoices")
	before.edit(jobs, "mapping_billing*", "mapping_invoices*")
	after := files{}
	for name, text := range before {
		after[name] = text
	}
	after.edit(jobs, "  decorate: true", " decorate: true")
	got := since(t, before, after).Findings
	if len(got) != 1 || got[0].Rule != "file-syntax" {
		t.Errorf("findings:%s", describe(validate.GroupByCause(got)))
	}
}
