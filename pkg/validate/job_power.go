package validate

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirror-tools/mirror-tools/pkg/release"
	"github.com/mirror-tools/mirror-tools/pkg/source"
)

const jobPowerID = "job-power"

func jobPower() Rule {
	const set = "core-services/image-mirroring/team/"
	const line = "-- " + set + "mapping_team --\nregistry.ci.openshift.org/team/stream:app quay.io/team/app:latest\n"
	return Rule{
		ID:    jobPowerID,
		Title: "a job that can do more than mirror its set",
		Why: "The approvers of a set's folder can change its _job.yaml, " +
			"and the job runs with credentials in the cluster. A script, " +
			"a patch or another image gives them full use of these credentials, " +
			"and of the secrets and machines that the job reaches.",
		Fix: "Remove what the set does not need for mirroring, or ask the approvers of the settings to allow it: allow: " +
			"{SET: [script]}. Under --new-from, power that a change adds without that is an error.",
		Severity: source.Warning,
		Bad:      line + "-- " + set + "_job.yaml --\nscript: |\n  oc image mirror -f=/etc/imagemirror/mapping_team\n",
		Good:     line + "-- " + set + "_job.yaml --\nattempts: 3\n",
		Check:    checkJobPower,
	}
}

func checkJobPower(p *Pass) {
	if file := p.tree.Settings.Template; file != "" {
		tellPower(p, "*", release.Power{Kind: release.PowerTemplate, Pos: p.tree.Settings.At("template")}, "every job starts from the template %s instead of the built-in one", file)
	}
	var owners map[string]string
	if p.noJobs() == "" {
		owners = secretOwners(p)
	}
	patched := map[string]map[string]bool{} // power from the patch of the set
	for _, set := range p.tree.Sets {
		if set.Job != nil {
			settingsPower(p, set)
			patched[set.Name] = patchPower(p, set, owners)
		}
	}
	if owners == nil {
		return
	}
	for _, job := range p.tree.Jobs.Jobs {
		if set := p.tree.Runs().SetOf(job); set != nil {
			podPower(p, job, set, owners, patched[set.Name])
		}
	}
}

// patchPower reports the power that the patch of a set gives its job. It also
// reports the secret of another set in its settings if its job does not have it
// yet and allow does not permit it. It returns the power from the patch.
func patchPower(p *Pass, set *release.Set, owners map[string]string) map[string]bool {
	given := map[string]bool{}
	for _, power := range set.Job.PatchPowers() {
		if power.Plain && !foreignSecret(set, power.Secret, owners) {
			continue // job-secret checks it
		}
		power = withOwner(set, power, owners)
		given[power.What] = true
		canPower(p, set, power)
	}
	secret := set.Job.Secret
	mounted := slices.ContainsFunc(p.tree.Runs().JobsOf(set), func(j *release.Job) bool {
		return slices.ContainsFunc(j.Secrets, func(m release.SecretMount) bool { return m.Secret == secret })
	})
	if foreignSecret(set, secret, owners) && !mounted && !p.tree.Settings.Allows(set.Name, release.PowerSecret) && slices.Contains(set.Job.Keys(), "secret") {
		canPower(p, set, withOwner(set, release.Power{What: "read the secret " + secret, Secret: secret, Pos: set.Job.At("secret")}, owners))
	}
	return given
}

// foreignSecret reports whether a secret belongs to another set.
func foreignSecret(set *release.Set, secret string, owners map[string]string) bool {
	owner := owners[secret]
	return owner != "" && owner != set.Name
}

// withOwner adds the owner to the power of a secret of another set.
func withOwner(set *release.Set, power release.Power, owners map[string]string) release.Power {
	if foreignSecret(set, power.Secret, owners) {
		power.Kind = release.PowerSecret
		power.What += ", which is that of the set " + owners[power.Secret]
	}
	return power
}

// canPower reports one power of the job of a set.
func canPower(p *Pass, set *release.Set, power release.Power) {
	tellPower(p, set.Name, power, "the job of the set %s can %s", set.Name, power.What)
}

// podPower reports the power of the pod of a set's job, without that from its
// patch.
func podPower(p *Pass, job *release.Job, set *release.Set, owners map[string]string, patched map[string]bool) {
	if ns := p.tree.Settings.Namespace; job.Namespace != "" && job.Namespace != ns {
		tellPower(p, set.Name, release.Power{Kind: release.PowerNamespace, Pos: job.NamespacePos}, "the job of the set %s runs in the namespace %s, not in %s", set.Name, job.Namespace, ns)
	}
	for _, power := range job.Powers(p.tree.Jobs.Path) {
		if power = withOwner(set, power, owners); !patched[power.What] {
			canPower(p, set, power)
		}
	}
}

// reportedPowers returns the places of the powers that job-power reports for the
// pod of a job.
func reportedPowers(p *Pass, job *release.Job) map[source.Position]bool {
	if !p.running[jobPowerID] || p.tree.Runs().SetOf(job) == nil {
		return nil
	}
	places := map[source.Position]bool{}
	for _, power := range job.Powers(p.tree.Jobs.Path) {
		places[power.Pos] = true
	}
	return places
}

// handWritten returns the power of hand-written jobs from their script, image
// and token. job-template reports such differences, and moving them into
// settings adds no power.
func handWritten(tree *release.Tree) map[power]bool {
	found := map[power]bool{}
	if tree.Jobs == nil {
		return found
	}
	most := usual(tree, nil, imageOf)
	for _, job := range tree.Jobs.Jobs {
		set := tree.Runs().SetOf(job)
		if set == nil || set.Job != nil || !job.Mirrors {
			continue
		}
		own := slices.ContainsFunc(job.Args, func(arg *yaml.Node) bool {
			_, loop := release.ParseLoop(arg.Value)
			return !loop && strings.Contains(arg.Value, "\n")
		})
		found[power{set.Name, release.PowerScript}] = own
		found[power{set.Name, release.PowerToken}] = job.Token != nil && *job.Token
		found[power{set.Name, release.PowerImage}] = job.Image != most
	}
	return found
}

// usual returns the most common value in the mirroring jobs of other sets,
// which a set's approvers do not write. It returns "" if no two agree.
func usual(tree *release.Tree, except *release.Set, of func(*release.Job) string) string {
	if tree.Jobs == nil {
		return ""
	}
	count := map[string]int{}
	most := ""
	for _, job := range tree.Jobs.Jobs {
		if set := tree.Runs().SetOf(job); !job.Mirrors || except != nil && set == except {
			continue
		}
		what := of(job)
		if count[what]++; count[what] > count[most] || count[what] == count[most] && what < most {
			most = what
		}
	}
	if except != nil && count[most] < 2 {
		return ""
	}
	return most
}

func imageOf(job *release.Job) string { return job.Image }

func clusterOf(job *release.Job) string { return job.Cluster }

// settingsPower reports the power that the settings of a set give its job.
func settingsPower(p *Pass, set *release.Set) {
	job, defaults := set.Job, &p.tree.Settings.Defaults
	keys := job.Keys()
	tell := func(key, kind, format string, args ...any) {
		if slices.Contains(keys, key) {
			tellPower(p, set.Name, release.Power{Kind: kind, Pos: job.At(key)}, "%s", "the job of the set "+set.Name+" "+fmt.Sprintf(format, args...))
		}
	}
	tell("script", release.PowerScript, "runs a script of its own")
	if len(job.Patch) > 0 {
		tell("patch", release.PowerPatch, "is changed by a patch, which may change anything")
	}
	if job.Image != defaults.Image && job.Image != p.tree.Settings.MirrorImage && job.Image != usual(p.tree, set, imageOf) {
		tell("image", release.PowerImage, "runs the image %s", job.Image)
	}
	if job.ServiceAccountToken != nil && *job.ServiceAccountToken {
		tell("service_account_token", release.PowerToken, "can use the token of its service account")
	}
	if job.Cluster != defaults.Cluster && job.Cluster != usual(p.tree, set, clusterOf) {
		tell("cluster", release.PowerCluster, "runs on the cluster %s", job.Cluster)
	}
}

// secretOwners returns the set that each secret belongs to.
func secretOwners(p *Pass) map[string]string {
	owners := map[string]string{}
	for secret, users := range secretPushers(p) {
		owners[secret] = users[0].set.Name
	}
	return owners
}

func tellPower(p *Pass, set string, what release.Power, format string, args ...any) {
	severity := p.rule.Severity
	if p.tree.Settings.Allows(set, what.Kind) {
		severity = source.Info
	}
	hint := fmt.Sprintf("remove it, or have it allowed in %s: allow: {%s: [%s]}", p.tree.Layout.Settings(), set, what.Kind)
	f := p.ReportAs(severity, what.Pos, hint, format, args...)
	f.power, f.Parts = power{set, what.Kind}, []string{f.Message} // in any file
}
