package validate_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// single is one common change of shop and the rule that has to report it once,
// or "" if the change is fine.
type single struct {
	name   string
	rule   string
	change func(files)
}

// TestMutations makes each change alone: it adds exactly one cause of the named
// rule, or none.
func TestMutations(t *testing.T) {
	wrong, harmless := 0, 0
	for _, group := range [][]single{mappingMutations(), nameMutations(), jobMutations(), fileMutations(), promotionMutations(), harmlessMutations()} {
		for _, m := range group {
			if m.rule == "" {
				harmless++
			} else {
				wrong++
			}
			t.Run(m.name, func(t *testing.T) {
				after := shop()
				m.change(after)
				if maps.Equal(after, shop()) {
					t.Fatal("nothing was changed")
				}
				groups := validate.GroupByCause(since(t, shop(), after).Findings)
				switch {
				case m.rule == "" && len(groups) > 0:
					t.Errorf("harmless, but found:%s", describe(groups))
				case m.rule != "" && (len(groups) != 1 || groups[0].First().Rule != m.rule):
					t.Errorf("%d new causes, want one of %s:%s", len(groups), m.rule, describe(groups))
				}
			})
		}
	}
	if wrong < 60 || harmless < 25 {
		t.Errorf("%d mutations that are wrong and %d that are harmless: want 60 and 25", wrong, harmless)
	}
}

// TestMutationsStayKnown makes each change, and then one that moves the lines
// of all files: the second one adds no finding.
func TestMutationsStayKnown(t *testing.T) {
	for _, group := range [][]single{mappingMutations(), nameMutations(), jobMutations(), fileMutations(), promotionMutations()} {
		for _, m := range group {
			t.Run(m.name, func(t *testing.T) {
				before := shop()
				m.change(before)
				after := maps.Clone(before)
				for name, text := range after {
					after[name] = "# moved down\n" + text
				}
				if groups := validate.GroupByCause(since(t, before, after).Findings); len(groups) > 0 {
					t.Errorf("new:%s", describe(groups))
				}
			})
		}
	}
}

// line adds a line to a file.
func line(file, text string) func(files) {
	return func(f files) { f[file] += text + "\n" }
}

// jobEdited replaces a text in the job of a set.
func jobEdited(set, old, text string) func(files) {
	return edited(jobs, shopJob(set), strings.Replace(shopJob(set), old, text, 1))
}

// edited replaces a text in a file.
func edited(file, old, text string) func(files) {
	return func(f files) { f.edit(file, old, text) }
}

const ci = "registry.ci.openshift.org/"

func mappingMutations() []single {
	return []single{
		{"no destination", "mapping-syntax", line(webshop, ci+"webshop/main:frontend")},
		{"a tab between", "mapping-syntax", edited(webshop, "frontend quay.io", "frontend\tquay.io")},
		{"upper case in a repository", "mapping-syntax", edited(webshop, "quay.io/webshop/cart", "quay.io/Webshop/cart")},
		{"an arrow between", "mapping-syntax", edited(webshop, "main:cart quay.io", "main:cart -> quay.io")},
		{"a comma between destinations", "mapping-syntax", edited(billing, "ledger:latest quay.io", "ledger:latest,quay.io")},
		{"a scheme", "mapping-syntax", edited(search, "quay.io/search/index", "https://quay.io/search/index")},
		{"an empty file", "mapping-syntax", func(f files) { f[webshop14] = "" }},
		{"only comments", "mapping-syntax", func(f files) { f[webshop14] = "# nothing any more\n" }},
		{"a tag with a blank", "mapping-syntax", edited(search, "index:latest", "index :latest")},
		{"two colons", "mapping-syntax", edited(search, "index:latest", "index:v1:latest")},
		{"an invalid tag", "mapping-syntax", edited(search, "index:latest", "index:-latest")},
		{"two blanks", "mapping-format", edited(search, "index quay.io", "index  quay.io")},
		{"a blank at the end", "mapping-format", edited(search, "index:latest\n", "index:latest \n")},
		{"no newline at the end", "mapping-format", func(f files) { f[search] = strings.TrimSuffix(f[search], "\n") }},
		{"the same line twice", "duplicate-destination", func(f files) { f[search] += f[search] }},
		{"two sources for one tag", "duplicate-destination", line(search, ci+"search/main:query quay.io/search/index:latest")},
		{"a tag of another file", "duplicate-destination", line(webshop14, ci+"webshop/1.4:cart quay.io/webshop/cart:latest")},
		{"two tags of another file", "duplicate-destination", line(webshop14, ci+"webshop/1.4:cart quay.io/webshop/cart:latest quay.io/webshop/frontend:latest")},
		{"a tag of another set", "duplicate-destination", line(billing, ci+"billing/main:ledger quay.io/webshop/cart:latest")},
		{"a merge conflict", "mapping-syntax", func(f files) { f[search] = "<<<<<<< HEAD\n" + f[search] + "=======\n>>>>>>> branch\n" }},
		{"a line in two", "mapping-syntax", edited(search, " quay.io", "\nquay.io")},
		{"a web page with a query", "mapping-syntax", line(search, ci+"search/main:query https://quay.io/repository/search/query?tab=tags")},
		{"a destination without a registry", "reference-registry", line(search, ci+"search/main:query search/query:latest")},
		{"a promoted image's line swapped", "mapping-direction", edited(webshop, ci+"webshop/main:cart quay.io/webshop/cart:latest", "quay.io/webshop/cart:latest "+ci+"webshop/main:cart")},
		{"a whole file swapped", "destination-promoted", edited(search, ci+"search/main:index quay.io/search/index:latest", "quay.io/search/index:latest "+ci+"search/main:index\nquay.io/search/query:latest "+ci+"search/main:query")},
		{"a namespace with a slip", "source-unpromoted", line(search, ci+"saerch/main:query quay.io/search/query:latest")},
		{"a wildcard over another line", "duplicate-destination", line(search, ci+"search/main:* quay.io/search/index\n"+ci+"search/main:query quay.io/search/index:query")},
		{"a source with a slip", "source-unpromoted", edited(search, "main:index", "main:indx")},
		{"a source of another stream", "source-unpromoted", edited(search, "search/main:index", "search/master:index")},
		{"a new line whose image nobody promotes", "source-unpromoted", line(webshop, ci+"webshop/main:wishlist quay.io/webshop/wishlist:latest")},
		{"source and destination swapped", "mapping-direction", line(webshop, "quay.io/webshop/checkout:latest "+ci+"webshop/main:checkout")},
		{"a source on Docker Hub", "reference-registry", line(search, "docker.io/library/nginx:1 quay.io/search/nginx:1")},
		{"two sources on Docker Hub", "reference-registry", func(f files) {
			f[search] += "docker.io/library/nginx:1 quay.io/search/nginx:1\nnginx:2 quay.io/search/nginx:2\n"
		}},
		{"a retired registry", "reference-registry", line(search, "registry.svc.ci.openshift.org/search/main:index quay.io/search/index:old")},
		{"the address of a web page as destination", "reference-typo", line(search, ci+"search/main:query quay.io/repository/search/query:latest")},
		{"another team's organisation with a promoted tag", "destination-promoted", line(search, "quay.io/openshift/ci:search_main_query quay.io/search/query:latest\nquay.io/search/base:1 quay.io/openshift/ci:webshop_main_cart")},
		{"the address of a web page", "reference-typo", line(search, "quay.io/repository/search/tests:latest quay.io/search/tests:latest")},
		{"a registry with a slip", "reference-typo", line(webshop, ci+"webshop/main:frontend qauy.io/webshop/frontend:main")},
		{"a registry with www.", "reference-typo", line(webshop, ci+"webshop/main:frontend www.quay.io/webshop/frontend:main")},
		{"an organisation with a slip", "reference-typo", line(webshop, ci+"webshop/main:frontend quay.io/wbeshop/frontend:main")},
		{"what ci-operator promotes is overwritten", "destination-promoted", line(search, "quay.io/search/base:1 "+ci+"search/main:query")},
		{"an ignore comment without a reason", "ignore-comment", line(search, "# mirror-lint:ignore mapping-syntax")},
		{"an ignore comment for nothing", "ignore-comment", line(search, "# mirror-lint:ignore mapping-syntax there was something")},
		{"an ignore comment for a rule that is none", "ignore-comment", line(search, "# mirror-lint:ignore maping-syntax why not")},
	}
}

func nameMutations() []single {
	return []single{
		{"a file with another set's name", "mapping-name", func(f files) { f.move(search, dir+"search/mapping_billing_search") }},
		{"a file with a slip in its name", "mapping-name", func(f files) { f.move(webshop14, dir+"webshop/mapping_wbeshop_1_4") }},
		{"a file without the prefix", "mapping-unused", func(f files) { f.move(webshop14, dir+"webshop/webshop_1_4") }},
		{"a file outside of any set", "mapping-name", func(f files) { f.move(webshop14, dir+"mapping_webshop_1_4") }},
		{"one base name in two sets", "configmap-key", func(f files) {
			f[dir+"search/mapping_webshop_1_4"] = ci + "search/main:index quay.io/search/index:1.4\n"
		}},
		{"a name that is no key", "configmap-key", func(f files) { f.move(webshop14, dir+"webshop/mapping_webshop_1+4") }},
		{"a set without OWNERS", "set-owners", func(f files) { delete(f, dir+"search/OWNERS") }},
		{"no approver", "set-owners", edited(dir+"webshop/OWNERS", "approvers:\n- alice", "reviewers:\n- alice")},
		{"an alias that is none", "set-owners", edited(dir+"search/OWNERS", "search-team", "search--team-of-shop-and-all-other-teams-there")},
		{"broken OWNERS", "set-owners", edited(dir+"search/OWNERS", "- search-team", "- [search-team")},
		{"a folder with a README alone", "set-mapping", func(f files) { f[dir+"returns/README.md"] = "Soon.\n" }},
		{"an empty set", "set-mapping", func(f files) { f[dir+"returns/OWNERS"] = "approvers:\n- alice\n" }},
		{"a new set without a job", "set-job", func(f files) {
			f[dir+"returns/OWNERS"] = "approvers:\n- alice\n"
			f[dir+"returns/mapping_returns"] = ci + "webshop/main:cart quay.io/returns/cart:latest\n"
		}},
		{"a new set without a job and OWNERS", "set-job", func(f files) {
			f[dir+"returns/OWNERS"] = "approvers:\n- alice\n"
			f[dir+"returns/mapping_returns_a"] = ci + "webshop/main:cart quay.io/returns/cart:latest\n"
			f[dir+"returns/mapping_returns_b"] = ci + "webshop/main:cart quay.io/returns/cart:main\n"
		}},
	}
}

func jobMutations() []single {
	searchGlob := "mapping_search*"
	return []single{
		{"a glob with a slip", "job-unused", edited(jobs, searchGlob, "mapping_saerch*")},
		{"a glob without its star", "job-unused", edited(jobs, "mapping_webshop*", "mapping_webshop")},
		{"a glob that takes too much", "job-overlap", edited(jobs, searchGlob, "mapping_*")},
		{"a job that is gone", "set-job", func(f files) { f[jobs] = "periodics:\n" + shopJob("webshop") + shopJob("billing") }},
		{"a job of a set that is gone", "job-unused", func(f files) {
			delete(f, search)
			delete(f, dir+"search/OWNERS")
		}},
		{"a secret with a slip", "job-secret", edited(jobs, "secretName: registry-push-credentials-quay.io-search", "secretName: registry-push-credentials-quay.io-saerch")},
		{"a secret that is gone", "job-secret", func(f files) { f[secrets] = "secret_configs:\n" + shopSecret("webshop") + shopSecret("billing") }},
		{"a secret on another cluster", "job-secret", func(f files) {
			f[secrets] = strings.Replace(f[secrets], "cluster: app.ci\n    name: registry-push-credentials-quay.io-search", "cluster: build01\n    name: registry-push-credentials-quay.io-search", 1)
		}},
		{"another set's secret", "secret-shared", edited(jobs, "secretName: registry-push-credentials-quay.io-search", "secretName: registry-push-credentials-quay.io-billing")},
		{"another set's secret in a hand-written job", "secret-shared", jobEdited("search", "quay.io-search", "quay.io-webshop")},
		{"a key that the secret does not hold", "job-secret-key", edited(jobs, "subPath: config.json", "subPath: .dockerconfigjson")},
		{"a login that is not used", "job-auth", edited(jobs, "failures=0\n", "failures=0\n        oc registry login --to /tmp/config.json\n")},
		{"a namespace of its own", "job-configmap", jobEdited("search", "  name: periodic", "  namespace: other\n  name: periodic")},
		{"a schedule of four fields", "job-schedule", edited(jobs, "'@hourly'", "'0 9 * *'")},
		{"a job without a pause", "job-schedule", edited(jobs, "cron: '@hourly'", "interval: 0s")},
		{"two schedules", "job-schedule", edited(jobs, "  cron: '@hourly'\n", "  cron: '@hourly'\n  interval: 1h\n")},
		{"another cluster", "job-configmap", edited(jobs, "cluster: app.ci", "cluster: build01")},
		{"an old image", "job-template", edited(jobs, "ocp/4.9:cli", "ocp/4.1:cli")},
		{"a FIXME", "job-template", edited(jobs, "area: search", "area: FIXME")},
		{"another script", "job-template", edited(jobs, "failures=0\n", "failures=0\n        sleep 60\n")},
		{"a job on another cluster than all", "job-configmap", jobEdited("search", "cluster: app.ci", "cluster: core-ci")},
		{"a job twice", "file-syntax", func(f files) { f[jobs] += shopJob("search") }},
		{"the name of another set's job", "file-syntax", jobEdited("search", "name: periodic-image-mirroring-search", "name: periodic-image-mirroring-billing")},
		{"a job without a name", "file-syntax", jobEdited("search", "  name: periodic-image-mirroring-search\n", "")},
		{"the mappings of another set", "job-overlap", jobEdited("search", "mapping_search*", "mapping_billing*")},
		{"a mount elsewhere", "job-configmap", jobEdited("search", "mountPath: /etc/imagemirror", "mountPath: /etc/imagemirrors")},
		{"a mount without its volume", "job-template", jobEdited("search", "    - name: push\n      secret", "    - name: pull\n      secret")},
		{"a volume of another name", "job-configmap", jobEdited("search", "image-mirror-mappings\n      name: config", "image-mirror-mappings\n      name: mappings")},
		{"no jobs file any more", "set-job", func(f files) { delete(f, jobs) }},
		{"an empty jobs file", "set-job", func(f files) { f[jobs] = "" }},
		{"no periodics any more", "set-job", func(f files) { f[jobs] = "periodics: []\n" }},
		{"a run_by that nothing has", "set-job", func(f files) { f[dir+"search/_job.yaml"] = "run_by: serach\n" }},
		{"an option of oc left out", "job-template", edited(jobs, "mirror --keep-manifest-list -f=\"$mapping\"", "mirror -f=\"$mapping\"")},
	}
}

func fileMutations() []single {
	return []single{
		{"broken jobs", "file-syntax", edited(jobs, "- agent: kubernetes", "- agent: [")},
		{"broken secrets", "file-syntax", edited(secrets, "secret_configs:", "secret_configs: [")},
		{"broken plugins", "file-syntax", edited(plugins, "maps:", "maps: [")},
		{"broken aliases", "file-syntax", edited("OWNERS_ALIASES", "aliases:", "aliases: [")},
		{"a broken config", "file-syntax", edited(config, "images:", "images: [")},
		{"broken settings", "file-syntax", func(f files) { f[dir+"_mirror.yaml"] = "severity: [\n" }},
		{"a setting with a slip", "file-syntax", func(f files) { f[dir+"_mirror.yaml"] = "config_mpa: x\n" }},
		{"a rule that is none", "file-syntax", func(f files) { f[dir+"_mirror.yaml"] = "severity:\n  maping-name: off\n" }},
		{"broken settings of a set", "file-syntax", func(f files) { f[dir+"search/_job.yaml"] = "cron: [\n" }},
		{"a key twice", "file-syntax", edited(jobs, "  decorate: true\n", "  decorate: true\n  decorate: true\n")},
		{"the last job in a second document", "file-syntax", edited(jobs, shopJob("search"), "---\nperiodics:\n"+shopJob("search"))},
		{"periodics with a slip", "file-syntax", edited(jobs, "periodics:", "periodic:")},
		{"secret_configs with a slip", "file-syntax", edited(secrets, "secret_configs:", "secret_config:")},
		{"a key of mappings_from with a slip", "file-syntax", func(f files) { f[dir+"_mirror.yaml"] = "mappings_from:\n- evn: TEAM\n  value: prefix\n" }},
		{"a value of mappings_from with a slip", "file-syntax", func(f files) { f[dir+"_mirror.yaml"] = "mappings_from:\n- env: TEAM\n  value: prefx\n" }},
		{"a second document", "file-syntax", func(f files) { f[jobs] += "---\nperiodics: []\n" }},
		{"the map of the mappings renamed", "mapping-unused", edited(plugins, "name: image-mirror-mappings", "name: image-mirror-mapping")},
		{"the map of the mappings gone", "mapping-unused", edited(plugins, "image-mirroring/**/mapping_*", "image-mirroring/**/maping_*")},
		{"a narrower map of the mappings", "mapping-unused", edited(plugins, "image-mirroring/**/mapping_*", "image-mirroring/web*/mapping_*")},
		{"a cluster group that is not there", "file-syntax", edited(plugins, "      clusters:\n        app.ci:\n        - ci\n", "      cluster_groups: [builds]\n")},
		{"a second map of the same files", "mapping-unused", func(f files) {
			f[plugins] += "    core-services/image-mirroring/webshop/*:\n      name: other\n"
		}},
	}
}

func promotionMutations() []single {
	return []single{
		{"a promotion switched off", "source-unpromoted", edited(config, "promotion:\n", "promotion:\n  disabled: true\n")},
		{"a promotion to another stream", "source-unpromoted", edited(config, `name: "main"`, `name: "master"`)},
		{"an image renamed", "source-unpromoted", edited(config, "to: cart", "to: basket")},
		{"a config that is gone", "source-unpromoted", func(f files) { delete(f, ledger) }},
		{"two configs for one tag", "promotion-conflict", func(f files) {
			f["ci-operator/config/shop/fork/shop-fork-main.yaml"] = shopConfig("webshop", "main", "cart")
		}},
		{"two configs for two tags", "promotion-conflict", func(f files) {
			f["ci-operator/config/shop/fork/shop-fork-main.yaml"] = shopConfig("webshop", "main", "cart", "frontend")
		}},
		{"no role to tag", "promotion-rbac", edited(access+"webshop/admin_manifest.yaml", "name: image-tagger\n", "name: image-taggers\n")},
		{"nobody may pull", "source-access", edited(access+"webshop/admin_manifest.yaml", "name: system:authenticated", "name: shop-admins")},
	}
}

func harmlessMutations() []single {
	none := func(name string, change func(files)) single { return single{name, "", change} }
	return []single{
		none("a new line", line(search, ci+"search/main:query quay.io/search/query:latest")),
		none("another tag of an image", line(search, ci+"search/main:index quay.io/search/index:main")),
		none("a second destination in one line", edited(search, "index:latest", "index:latest quay.io/search/index:main")),
		none("a comment", line(search, "# more to come")),
		none("an empty line", line(search, "")),
		none("lines in another order", func(f files) { f[webshop] = reversedLines(f[webshop]) }),
		none("a line less", edited(webshop, ci+"webshop/main:cart quay.io/webshop/cart:latest\n", "")),
		none("another file", func(f files) { f[dir+"search/mapping_search_4"] = ci + "search/main:query quay.io/search/query:4\n" }),
		none("a file less", func(f files) { delete(f, webshop14) }),
		none("a moved file", func(f files) { f.move(webshop14, dir+"webshop/mapping_webshop-1.4") }),
		none("a source of another registry", line(search, "quay.io/prometheus/busybox:1 quay.io/search/busybox:1")),
		none("a digest", line(search, "quay.io/prometheus/busybox@sha256:"+strings.Repeat("a1", 32)+" quay.io/search/busybox:2")),
		none("another approver", line(dir+"webshop/OWNERS", "- bob")),
		none("reviewers", line(dir+"webshop/OWNERS", "reviewers:\n- bob")),
		none("a login with two hyphens", line(dir+"webshop/OWNERS", "- jan--f")),
		none("a login with an underscore", line(dir+"webshop/OWNERS", "- ann_example")),
		none("a robot's login", line(dir+"webshop/OWNERS", `- "shop[bot]"`)),
		none("another alias", line("OWNERS_ALIASES", "  shop-team:\n  - alice")),
		none("a README", func(f files) { f[dir+"search/README.md"] = "What is mirrored, and why.\n" }),
		none("jobs in another order", func(f files) { f[jobs] = "periodics:\n" + reversedJobs(f[jobs]) }),
		none("another schedule", edited(jobs, "'@hourly'", "'15 * * * *'")),
		none("an interval", edited(jobs, "cron: '@hourly'", "interval: 2h")),
		none("a job of something else", func(f files) {
			f[jobs] += "- name: periodic-cleanup\n  agent: kubernetes\n  interval: 24h\n  spec:\n    containers:\n    - image: busybox\n"
		}),
		none("a narrower glob", edited(jobs, "mapping_webshop*", "mapping_webshop_*")),
		none("another secret", func(f files) { f[secrets] += shopSecret("returns") }),
		none("a secret on one more cluster", edited(secrets, "  - cluster: app.ci\n", "  - cluster: build01\n    name: other\n    namespace: ci\n  - cluster: app.ci\n")),
		none("another map of config-updater", func(f files) { f[plugins] += "    core-services/other/*.yaml:\n      name: other\n" }),
		none("another image promoted", edited(config, "- dockerfile_path: Dockerfile\n", "- dockerfile_path: Dockerfile\n  to: wishlist\n- dockerfile_path: Dockerfile\n")),
		none("another config", func(f files) {
			f["ci-operator/config/shop/mail/shop-mail-main.yaml"] = shopConfig("webshop", "mail", "mail")
		}),
		none("a config without promotion", func(f files) {
			f["ci-operator/config/shop/docs/shop-docs-main.yaml"] = "resources:\n  '*':\n    requests: {cpu: 100m}\n"
		}),
		none("a set with its job", func(f files) {
			f[dir+"returns/OWNERS"] = "approvers:\n- alice\n"
			f[dir+"returns/mapping_returns"] = ci + "webshop/main:cart quay.io/returns/cart:latest\n"
			f[jobs] += shopJob("returns")
			f[secrets] += shopSecret("returns")
		}),
		none("a set renamed everywhere", func(f files) {
			renameSet(f, "search", "find")
			f[jobs] = strings.ReplaceAll(f[jobs], "quay.io-find", "quay.io-search")
			f[secrets] = strings.ReplaceAll(f[secrets], "quay.io-find", "quay.io-search")
		}),
		none("a severity switched off", func(f files) { f[dir+"_mirror.yaml"] = "severity:\n  mapping-format: off\n" }),
	}
}
