package text

import "testing"

func TestPatchName(t *testing.T) {
	for name, want := range map[string]string{
		"a/mapping_shop": "a/mapping_shop", "a/mäpping b": "a/mäpping b",
		"a/\x1b[2J": `"a/\033[2J"`, "a\n::error": `"a\012::error"`, `a"\b`: `"a\"\\b"`, "a\u202e": `"a\342\200\256"`, "##[x]": `"\043\043[x]"`,
	} {
		if got := PatchName(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for want, got := range map[string]string{
		"1 entry": Plural(1, "entry"), "2 entries": Plural(2, "entry"), "0 registries": Plural(0, "registry"),
		"2 days": Plural(2, "day"), "3 errors": Plural(3, "error"), "2 info": Plural(2, "info"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
