package throttle

import "context"

// Both takes a slot of two hosts, which may be one, for a transfer between
// them, when neither asks for a wait, so that a transfer that waits for one
// does not hold a slot of the other.
func Both(ctx context.Context, a, b *Host, repoA, repoB string, size int64) (release func(), err error) {
	if b.Name < a.Name {
		a, b, repoA, repoB = b, a, repoB, repoA
	}
	for {
		for _, h := range []*Host{a, b} {
			if err := h.Quiet(ctx); err != nil {
				return nil, err
			}
		}
		if release, err = pair(ctx, a, b, repoA, repoB, size); err != nil || a.QuietFor()+b.QuietFor() == 0 {
			return release, err
		}
		release()
	}
}

// pair takes the two slots in an order that all transfers share, which prevents
// deadlocks.
func pair(ctx context.Context, first, second *Host, a, b string, size int64) (release func(), err error) {
	if first == second {
		return func() { first.Slots.Release(a) }, first.Slot(ctx, first.Slots.Acquire, a, size)
	}
	if err := first.Slot(ctx, first.Slots.Hold, a, size); err != nil {
		return nil, err
	}
	err = second.Slot(ctx, second.Slots.Acquire, b, size)
	first.Slots.Begin()
	if err != nil {
		first.Slots.Release(a)
		return nil, err
	}
	return func() { first.Slots.Release(a); second.Slots.Release(b) }, nil
}
