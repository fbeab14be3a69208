package effects_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/mirror-tools/mirror-tools/pkg/effects"
	"github.com/mirror-tools/mirror-tools/pkg/release"
)

// files are the parts of the two trees that a test compares.
type files map[string]string

const (
	jobsFile  = "ci-operator/jobs/infra-image-mirroring.yaml"
	shopFile  = sets + "/shop/mapping_shop"
	toolsFile = sets + "/tools/mapping_tools"
	shopJobs  = `periodics:
- name: periodic-image-mirroring-shop
  cron: '@daily'
  spec:
    containers:
    - command: [oc, image, mirror, -f, /etc/imagemirror/mapping_shop*]
      image: cli:1
      volumeMounts:
      - {name: maps, mountPath: /etc/imagemirror}
    volumes:
    - {name: maps, configMap: {name: image-mirror-mappings}}
`
	promotes = `images:
- to: NAME
promotion:
  to:
  - {namespace: shop, name: "1"}
`
)

func config(name string) string { return strings.ReplaceAll(promotes, "NAME", name) }

func configFile(name string) string {
	return "ci-operator/config/shop/" + name + "/shop-" + name + "-main.yaml"
}

func load(t *testing.T, f files) *release.Tree {
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

// compare returns the effect of changing some files of a tree; "" removes one.
func compare(t *testing.T, base, change files) *effects.Effect {
	t.Helper()
	after := files{}
	for name, text := range base {
		after[name] = text
	}
	var changed []string
	for name, text := range change {
		after[name] = text
		if text == "" {
			delete(after, name)
		}
		if strings.HasPrefix(name, "ci-operator/config/") {
			changed = append(changed, name)
		}
	}
	full := effects.Compare(load(t, base), load(t, after), effects.Options{})
	quick := effects.Compare(load(t, base), load(t, after), effects.Options{ConfigsKnown: true, Configs: changed})
	if got, want := say(quick), say(full); !slices.Equal(got, want) {
		t.Errorf("with the names of the changed configs the effect is\n%s\nwithout them\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return full
}

// say formats an effect as short lines.
func say(e *effects.Effect) []string {
	var out []string
	for _, d := range e.Destinations {
		line := string(d.Change) + " " + d.Name
		if len(d.Tags) > 0 {
			line += " stands for " + strings.Join(d.Tags, ",")
		}
		if d.SameTag {
			line += " same tag"
		}
		if d.Idle() {
			line += " idle"
		}
		out = append(out, line)
	}
	for _, j := range e.Jobs {
		for _, f := range j.Fields {
			out = append(out, "job "+string(j.Change)+": "+f.Text.String())
		}
	}
	for _, a := range e.Access {
		out = append(out, "access of "+a.Set+": "+a.Text().String())
	}
	for _, c := range e.Elsewhere {
		for _, i := range c.Items {
			out = append(out, string(c.Kind)+" for "+c.Set+": "+i.Text.String()+i.Promoted)
		}
	}
	for _, b := range e.Broken {
		out = append(out, "refused: "+b.File)
		if b.Mended {
			out[len(out)-1] = "mended: " + b.File
		}
	}
	for _, u := range e.Unknown {
		out = append(out, "unknown: "+u.What)
	}
	if e.ConfigMap.Keys() {
		out = append(out, "keys +"+strings.Join(e.ConfigMap.Added, ",")+" -"+strings.Join(e.ConfigMap.Gone, ","))
	}
	return out
}

func TestCompare(t *testing.T) {
	const ci, qci = "registry.ci.openshift.org/", "quay.io/openshift/ci:"
	base := files{
		jobsFile: shopJobs, shopFile: ci + "shop/1:cart quay.io/shop/cart:1\n",
		configFile("cart"): config("cart"), configFile("till"): config("till"),
	}
	with := func(name, text string) files {
		out := files{}
		for n, s := range base {
			out[n] = s
		}
		out[name] = text
		return out
	}
	for _, tt := range []struct {
		name   string
		base   files
		change files
		want   []string
	}{
		{"nothing", base, nil, nil},
		{"a comment", base, files{shopFile: "# one\n" + base[shopFile]}, nil},
		{"another file of the set", base, files{shopFile: "", shopFile + "_2": base[shopFile]}, []string{"keys +mapping_shop_2 -mapping_shop"}},
		{"another spelling of the tag", with(shopFile, ci+"shop/1:cart quay.io/shop/cart\n"), files{shopFile: ci + "shop/1:cart quay.io/shop/cart:cart\n"}, nil},
		{"another name of the same tag", with(shopFile, "registry.svc.ci.openshift.org/shop/1:cart quay.io/shop/cart:1\n"), files{shopFile: base[shopFile]},
			[]string{"source quay.io/shop/cart:1 same tag"}},
		{"a pattern instead of a line", with(shopFile, ci+"shop/1:cart quay.io/shop/cart:cart\n"), files{shopFile: ci + "shop/1:* quay.io/shop/cart\n"},
			[]string{"new quay.io/shop/cart:* stands for till"}},
		{"a line instead of a pattern", with(shopFile, ci+"shop/1:* quay.io/shop/cart\n"), files{shopFile: ci + "shop/1:cart quay.io/shop/cart:cart\n"},
			[]string{"gone quay.io/shop/cart:* stands for till"}},
		{"a pattern takes in more", with(shopFile, ci+"shop/1:* quay.io/shop/all\n"), files{configFile("bag"): config("bag"), configFile("till"): ""},
			[]string{"pattern for shop: quay.io/shop/all:bag is now mirrored by " + ci + "shop/1:*", "pattern for shop: quay.io/shop/all:till is no longer mirrored by " + ci + "shop/1:*"}},
		{"a pattern for openshift/ci", with(shopFile, qci+"shop_1_* quay.io/shop/all\n"), files{configFile("bag"): config("bag")},
			[]string{"pattern for shop: quay.io/shop/all:shop_1_bag is now mirrored by " + qci + "shop_1_*"}},
		{"the same with the entry point", files{jobsFile: entryPoint("false"), shopFile: qci + "shop_1_* quay.io/shop/all\n", configFile("cart"): config("cart")},
			files{configFile("bag"): config("bag")}, []string{"pattern for shop: quay.io/shop/all:bag is now mirrored by " + qci + "shop_1_*"}},
		{"its pattern instead of a line", files{jobsFile: entryPoint("false"), shopFile: qci + "shop_1_cart quay.io/shop/all:cart\n", configFile("cart"): config("cart"), configFile("till"): config("till")},
			files{shopFile: qci + "shop_1_* quay.io/shop/all\n"}, []string{"new quay.io/shop/all:* stands for till"}},
		{"its pattern with another runner", files{jobsFile: entryPoint("false"), shopFile: qci + "shop_1_* quay.io/shop/all\n", configFile("cart"): config("cart")},
			files{jobsFile: shopJobs}, []string{"new quay.io/shop/all:shop_1_* stands for shop_1_cart", "gone quay.io/shop/all:* stands for cart",
				"job changed: no longer sets dry_run, which was false",
				"job changed: runs oc image mirror -f /etc/imagemirror/mapping_shop* instead of /tp-entrypoint.sh"}},
		{"a promotion ends", base, files{configFile("cart"): "images:\n- to: cart\n"},
			[]string{"unfilled for shop: nothing publishes " + ci + "shop/1:cart any more; it was promoted by shop/cart@main"}},
		{"a promotion is disabled", base, files{configFile("cart"): strings.Replace(config("cart"), "{namespace", "{disabled: true, namespace", 1)},
			[]string{"unfilled for shop: nothing publishes " + ci + "shop/1:cart any more; it was promoted by shop/cart@main"}},
		{"a promotion that nobody mirrors ends", base, files{configFile("till"): ""}, nil},
		{"a set goes", base, files{shopFile: ""}, []string{
			"gone quay.io/shop/cart:1", "access of shop: no longer reads the namespace shop", "access of shop: no longer writes to quay.io/shop",
			"unpublished for shop: " + ci + "shop/1:cart is no longer mirrored anywhereshop/cart@main", "keys + -mapping_shop"}},
		{"a tag goes, and the image is read elsewhere", with(shopFile, ci+"shop/1:cart quay.io/shop/cart:1 quay.io/shop/cart:latest\n"),
			files{shopFile: "quay.io/openshift/ci:shop_1_cart quay.io/shop/cart:1\n"}, []string{
				"source quay.io/shop/cart:1 same tag", "gone quay.io/shop/cart:latest"}},
		{"a tag goes, and an old copy is read elsewhere", with(shopFile, ci+"shop/1:cart quay.io/shop/cart:1\n"+qci+"20240102030405_prune_shop_1_cart quay.io/shop/cart:old\n"),
			files{shopFile: qci + "20240102030405_prune_shop_1_cart quay.io/shop/cart:old\n"}, []string{
				"gone quay.io/shop/cart:1", "access of shop: no longer reads the namespace shop",
				"unpublished for shop: " + ci + "shop/1:cart is no longer mirrored anywhereshop/cart@main"}},
		{"a digest goes, and another is read elsewhere", with(shopFile, ci+"shop/1@"+digest('1')+" quay.io/shop/cart:1\n"+ci+"shop/1@"+digest('2')+" quay.io/shop/cart:2\n"),
			files{shopFile: ci + "shop/1@" + digest('2') + " quay.io/shop/cart:2\n"}, []string{
				"gone quay.io/shop/cart:1", "unpublished for shop: " + ci + "shop/1@" + digest('1') + " is no longer mirrored anywhere"}},
		{"a set without a job comes", base, files{toolsFile: "quay.io/shop/cart:1 quay.io/tools/cart:1\n"}, []string{
			"new quay.io/tools/cart:1 idle", "access of tools: writes to quay.io/tools for the first time", "keys +mapping_tools -"}},
		{"a job goes", base, files{jobsFile: "periodics: []\n"}, []string{"stopped quay.io/shop/cart:1 idle", "job removed: runs every day",
			"job removed: mirrors mapping_shop*"}},
		{"a job comes", with(jobsFile, "periodics: []\n"), files{jobsFile: shopJobs}, []string{"started quay.io/shop/cart:1", "job added: runs every day", "job added: mirrors mapping_shop*"}},
		{"the jobs file goes", base, files{jobsFile: ""}, []string{"unknown: which jobs mirror after"}},
		{"the jobs file breaks", base, files{jobsFile: "periodics: ["}, []string{"unknown: which jobs mirror after"}},
		{"a tag is mirrored on", with(toolsFile, "quay.io/shop/cart:1 quay.io/tools/cart:1\n"), files{shopFile: ci + "shop/1:till quay.io/shop/cart:1\n"}, []string{
			"source quay.io/shop/cart:1", "onward for tools: another image is pushed to quay.io/shop/cart:1, which is mirrored to quay.io/tools/cart:1",
			"unpublished for shop: " + ci + "shop/1:cart is no longer mirrored anywhereshop/cart@main"}},
		{"a file is refused", base, files{shopFile: base[shopFile] + "one\n"}, []string{"refused: " + shopFile}},
		{"a file is mended", with(shopFile, base[shopFile]+"one\n"), files{shopFile: base[shopFile]}, []string{"mended: " + shopFile}},
		{"an entry point without dry_run", base, files{jobsFile: entryPoint("true")}, []string{"stopped quay.io/shop/cart:1 idle",
			"job changed: runs /tp-entrypoint.sh instead of oc image mirror -f /etc/imagemirror/mapping_shop*",
			"job changed: sets dry_run to true"}},
		{"an entry point", base, files{jobsFile: entryPoint("false")}, []string{
			"job changed: runs /tp-entrypoint.sh instead of oc image mirror -f /etc/imagemirror/mapping_shop*",
			"job changed: sets dry_run to false"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := say(compare(t, tt.base, tt.change))
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

func digest(of rune) string { return "sha256:" + strings.Repeat(string(of), 64) }

// entryPoint is the job of the shop with the entry point of 2024.
func entryPoint(dry string) string {
	return strings.NewReplacer(
		"command: [oc, image, mirror, -f, /etc/imagemirror/mapping_shop*]",
		"command: [/tp-entrypoint.sh]\n      env:\n      - {name: MAPPING_FILE_PREFIX, value: mapping_shop}\n      - {name: dry_run, value: '"+dry+"'}",
	).Replace(shopJobs)
}

// TestUnreadableIsUnknown makes a file unreadable: its destinations must not be
// reported as gone.
func TestUnreadableIsUnknown(t *testing.T) {
	base := files{jobsFile: shopJobs, shopFile: "a.io/b:1 quay.io/shop/cart:1\n", toolsFile: "a.io/b:1 quay.io/tools/cart:1\n"}
	before := load(t, base)
	fsys := fstest.MapFS{}
	for name, text := range base {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	after, err := release.Load(denied{fsys, shopFile})
	if err != nil {
		t.Fatal(err)
	}
	e := effects.Compare(before, after, effects.Options{ConfigsKnown: true})
	if got := say(e); len(e.Destinations) > 0 || len(e.Access) > 0 || len(e.Unknown) != 1 {
		t.Errorf("got %q", got)
	}
}

type denied struct {
	fs.FS
	name string
}

func (d denied) Open(name string) (fs.File, error) {
	if name == d.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.FS.Open(name)
}

// TestOrderDoesNotMatter compares the same lines in another order, and in other
// files: nothing is done differently.
func TestOrderDoesNotMatter(t *testing.T) {
	var lines []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		lines = append(lines, "registry.ci.openshift.org/shop/1:"+name+" quay.io/shop/"+name+":1 quay.io/shop/"+name+":latest\n")
	}
	base := files{jobsFile: shopJobs, shopFile: strings.Join(lines, "")}
	slices.Reverse(lines)
	change := files{shopFile: strings.Join(lines[:2], ""), shopFile + "_more": strings.Join(lines[2:], "")}
	e := compare(t, base, change)
	if !e.SameImages() || len(e.Access) > 0 || len(e.Elsewhere) > 0 {
		t.Errorf("got %q", say(e))
	}
}

// TestBackAndForth compares two trees both ways: what is new one way is gone the
// other.
func TestBackAndForth(t *testing.T) {
	archive := txtar.Parse([]byte(`-- ` + shopFile + ` --
a.io/one:1 quay.io/shop/one:1
a.io/two:1 quay.io/shop/two:1
a.io/all quay.io/shop/all
-- ` + toolsFile + ` --
a.io/three:1 quay.io/tools/three:1
`))
	one, two := files{}, files{shopFile: "a.io/one:2 quay.io/shop/one:1\na.io/four:1 quay.io/shop/four:1\n"}
	for _, f := range archive.Files {
		one[f.Name] = string(f.Data)
	}
	there := effects.Compare(load(t, one), load(t, two), effects.Options{ConfigsKnown: true})
	back := effects.Compare(load(t, two), load(t, one), effects.Options{ConfigsKnown: true})
	if there.Count(effects.New) != 1 || there.Count(effects.Gone) != 3 || there.Count(effects.Source) != 1 {
		t.Errorf("there: %q", say(there))
	}
	if back.Count(effects.New) != there.Count(effects.Gone) || back.Count(effects.Gone) != there.Count(effects.New) || back.Count(effects.Source) != there.Count(effects.Source) {
		t.Errorf("back: %q", say(back))
	}
}

// TestMissingRegistry shows the registry that a reference without one means: a
// registry left out by mistake moves the tag to an image of docker.io.
func TestMissingRegistry(t *testing.T) {
	e := compare(t, files{jobsFile: shopJobs, shopFile: "a.io/shop/cart:1 quay.io/shop/cart:1\n"}, files{shopFile: "shop/cart:1 quay.io/shop/cart:1\n"})
	if len(e.Destinations) != 1 || e.Destinations[0].After[0].Source != "docker.io/shop/cart:1" {
		t.Errorf("got %+v", e.Destinations)
	}
}
