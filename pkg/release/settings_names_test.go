package release

import (
	"strings"
	"testing"
)

func TestPathsOfSettings(t *testing.T) {
	for _, bad := range []string{
		"../.bashrc", "../jobs.yaml", "/etc/jobs.yaml", "a/../../jobs.yaml", "a/../jobs.yaml", "./jobs.yaml", "a//jobs.yaml", ".", "..",
		".git/hooks/x.yaml", "a/.github/x.yaml", "jobs", "jobs.sh", `a\jobs.yaml`, "C:/jobs.yaml",
		"core-services/image-mirroring/_mirror.yaml", "core-services/image-mirroring/team/_job.yaml", "mirror-tools.yaml", "a/b.yaml/",
	} {
		s, problems := ParseSettings(DefaultLayout(), []byte("jobs_file: '"+bad+"'\ntemplate: '"+strings.TrimSuffix(bad, ".yaml")+".tmpl'\n"))
		if len(problems) == 0 || problems[0].Pos.Line != 1 || s.JobsFile != DefaultLayout().Jobs {
			t.Errorf("jobs_file %q: %q, %v", bad, s.JobsFile, problems)
		}
	}
	for _, bad := range []string{"../t.yaml", "/etc/t.yaml", ".git/t.yaml", "a/../t.yaml"} {
		if s, problems := ParseSettings(DefaultLayout(), []byte("template: "+bad+"\n")); len(problems) != 1 || s.Template != "" {
			t.Errorf("template %q: %q, %v", bad, s.Template, problems)
		}
	}
	s, problems := ParseSettings(DefaultLayout(), []byte("jobs_file: prow/jobs/mirrors.yml\ntemplate: hack/job.tmpl\n"))
	if len(problems) > 0 || s.JobsFile != "prow/jobs/mirrors.yml" || s.Template != "hack/job.tmpl" {
		t.Errorf("%+v, %v", s, problems)
	}
}

// Settings that become part of a script, a file name or an object name must be
// valid names.
func TestNamesOfSettings(t *testing.T) {
	for _, bad := range []string{
		"mount_path: '/etc/x; curl evil; /'", "mount_path: /etc/$(id)", "mount_path: '/a b'", "mount_path: /a/../b", "mount_path: ''", `mount_path: "/a\nb"`, "mount_path: '/'",
		`config_map: "x\n- evil: y"`, "config_map: A", "namespace: 'a b'", "namespace: -a",
		"defaults: {cluster: 'a b'}", "jobs: [{name: x, secret: 'a; b'}]", "jobs: [{name: x, prefix: 'a`b`'}]", "jobs: [{name: x, secret_key: ../a}]",
	} {
		if s, problems := ParseSettings(DefaultLayout(), []byte(bad+"\n")); len(problems) != 1 || s.MountPath != DefaultMountPath || s.ConfigMap != DefaultConfigMap || s.Namespace != DefaultNamespace {
			t.Errorf("%s: %v", bad, problems)
		}
	}
	for _, bad := range []string{"x*; do curl evil; done; for y in z", "$(id)", "a b", "a/b", "a'b", "a\\nb", "ü", strings.Repeat("a", 254)} {
		s, problems := ParseJobSettings("_job.yaml", []byte("prefix: \""+bad+"\"\n"))
		if len(problems) != 1 || s.Prefix != "" {
			t.Errorf("prefix %q: %q, %v", bad, s.Prefix, problems)
		}
	}
	if s, problems := ParseJobSettings("_job.yaml", []byte("prefix: origin_v4.1-x\nsecret: a.b-c\nsecret_key: .dockerconfigjson\ncluster: app.ci\n")); len(problems) > 0 || s.Prefix != "origin_v4.1-x" {
		t.Errorf("%+v, %v", s, problems)
	}
}
