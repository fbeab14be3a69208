package validate_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// taughtForm is a form of jobs that only the settings describe.
type taughtForm struct {
	settings  string // an item of mappings_from
	container string // the head of a job's container; NAME is the set
	names     string // variable or argument that names the mappings
}

// taughtForms returns a variable and an argument, each with a prefix and with a glob.
func taughtForms() map[string]taughtForm {
	const require = ", requires: {COPY: \"yes\"}, logs_in: true}"
	const variables = "      env:\n      - {name: COPY, value: \"yes\"}\n"
	return map[string]taughtForm{
		"a variable with a prefix": {"{env: TEAM_FILES, value: prefix" + require,
			"    - command: [/copy.sh]\n" + variables + "      - {name: TEAM_FILES, value: mapping_NAME}\n", "TEAM_FILES"},
		"a variable with a glob": {"{env: TEAM_FILES, value: glob" + require,
			"    - command: [/copy.sh]\n" + variables + "      - {name: TEAM_FILES, value: \"mapping_NAME*\"}\n", "TEAM_FILES"},
		"an argument with a prefix": {"{arg: --team-files, value: prefix" + require,
			"    - command: [/copy.sh, --team-files=mapping_NAME]\n" + variables, "--team-files"},
		"an argument with a glob": {"{arg: --team-files, value: glob" + require,
			"    - command: [/copy.sh]\n      args: [--team-files, \"mapping_NAME*\"]\n" + variables, "--team-files"},
	}
}

// shop returns the shop with jobs of the form.
func (form taughtForm) shop() files {
	f := shop()
	f[dir+"_mirror.yaml"] = "mappings_from:\n- " + form.settings + "\n"
	f[jobs] = "periodics:\n"
	for _, set := range []string{"webshop", "billing", "search"} {
		f[jobs] += form.job(set)
	}
	return f
}

func (form taughtForm) job(set string) string {
	head, rest, _ := strings.Cut(shopJob(set), "    - args:\n")
	_, tail, _ := strings.Cut(rest, "      image: ")
	return strings.Replace(head, "  spec:\n", "  spec:\n    automountServiceAccountToken: true\n", 1) +
		strings.ReplaceAll(form.container, "NAME", set) + "      image: " + tail
}

// Every rule about the mappings of jobs supports the forms in the settings:
// correct jobs of such a form have no findings, and each mistake is one cause.
func TestTaughtForms(t *testing.T) {
	for name, form := range taughtForms() {
		t.Run(name, func(t *testing.T) {
			if result := validate.Run(form.shop().load(t), validate.Rules()...); len(result.Findings) > 0 || len(result.Skipped) > 0 {
				t.Fatalf("the jobs are right, but:%s\nskipped: %v", describe(validate.GroupByCause(result.Findings)), result.Skipped)
			}
			job := func(old, text string) func(files) {
				return edited(jobs, form.job("search"), strings.Replace(form.job("search"), old, text, 1))
			}
			mistakes := []single{
				{"it copies nothing", "job-dry-run", job(`value: "yes"`, `value: "no"`)},
				{"no token for its login", "job-auth", job("automountServiceAccountToken: true", "automountServiceAccountToken: false")},
				{"no mapping is named so", "job-unused", job("mapping_search", "mapping_saerch")},
				{"the name is misspelt", "job-unused", job(form.names, form.names+"S")},
				{"it picks up all mappings", "job-overlap", job("mapping_search", "mapping_")},
				{"another ConfigMap", "job-configmap", job("name: image-mirror-mappings", "name: image-mirror-maps")},
				{"a cluster without mappings", "job-configmap", job("cluster: app.ci", "cluster: build01")},
				{"a secret that nothing creates", "job-secret", job("quay.io-search", "quay.io-serach")},
				{"the secret of another set", "secret-shared", job("quay.io-search", "quay.io-billing")},
				{"a key that the secret does not have", "job-secret-key", job("subPath: config.json", "subPath: auth.json")},
				{"a privileged container", "job-power", job("      imagePullPolicy:", "      securityContext: {privileged: true}\n      imagePullPolicy:")},
				{"an invalid schedule", "job-schedule", job("'@hourly'", "'0 1 2'")},
				{"a job less", "set-job", edited(jobs, form.job("search"), "")},
				{"a file that no job runs", "mapping-name", func(f files) { f.move(search, dir+"search/mapping_find") }},
			}
			for _, m := range mistakes {
				after := form.shop()
				m.change(after)
				groups := validate.GroupByCause(since(t, form.shop(), after).Findings)
				if len(groups) != 1 || groups[0].First().Rule != m.rule {
					t.Errorf("%s: %d causes, want one of %s:%s", m.name, len(groups), m.rule, describe(groups))
				}
			}
		})
	}
}

// A form that nothing describes is unknown: jobs with it are listed as skipped
// and have no findings, whatever their number.
func TestFormThatNothingTeaches(t *testing.T) {
	for name, form := range taughtForms() {
		f := form.shop()
		delete(f, dir+"_mirror.yaml")
		for n, removed := range []string{"nothing", "webshop", "billing"} {
			if n > 0 {
				f.edit(jobs, form.job(removed), "")
				maps.DeleteFunc(f, func(name, _ string) bool { return strings.HasPrefix(name, dir+removed+"/") })
			}
			result := validate.Run(f.load(t), validate.Rules()...)
			if len(result.Findings) > 0 || len(result.Skipped) == 0 {
				t.Errorf("%s, without %s:%s\nskipped: %v", name, removed, describe(validate.GroupByCause(result.Findings)), result.Skipped)
			}
		}
	}
}
