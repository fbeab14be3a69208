package release_test

import (
	"testing"

	"github.com/mirror-tools/mirror-tools/pkg/release"
)

func TestNamedAfter(t *testing.T) {
	const usual = "push-quay.io-FIXME"
	for _, test := range []struct {
		secret, pattern, set string
		want                 int
	}{
		{"push-quay.io-shop", usual, "shop", 4},
		{"push-quay-io-big-shop", usual, "big-shop", 8},
		{"push-quay.io-big_shop", usual, "big-shop", 8},
		{"push-quay.io-big-shop", usual, "shop", 4},
		{"push-quay.io-workshop", usual, "shop", 0},
		{"shop", usual, "shop", 4},
		{"push-tea", usual, "shop", 0},
		{"shop-robot", "FIXME-robot", "shop", 4},
		{"push-shop", "FIXME-robot", "shop", 0},
		{"push-shop", "", "shop", 4},
		{"push-", usual, "", 0},
	} {
		if got := release.NamedAfter(test.secret, test.pattern, test.set); got != test.want {
			t.Errorf("%s, named like %s, for the set %s: got %d, want %d", test.secret, test.pattern, test.set, got, test.want)
		}
	}
}

func TestSecretUserCompare(t *testing.T) {
	// each belongs before the next
	order := []release.SecretUser{
		{Set: "own", Named: 5},
		{Set: "a", Named: 1},
		{Set: "a"},
		{Set: "a", Allowed: true, Named: 9},
		{Set: "a", Foreign: 1, Named: 9},
		{Set: "a", Foreign: 2},
		{Set: "a", Added: true, Named: 9},
	}
	for i, u := range order {
		for j, other := range order {
			if got := u.Compare(other); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%+v compared with %+v: %d", u, other, got)
			}
		}
	}
}
