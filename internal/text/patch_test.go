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
