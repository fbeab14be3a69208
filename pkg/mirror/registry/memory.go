package registry

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// memory is a budget, for all requests of a client, of the bytes of large
// answers that are read and decoded at the same time.
type memory struct {
	most int64

	mu      sync.Mutex
	used    int64
	changed chan struct{} // closed when bytes are returned

	manifests held
}

const (
	memoryBudget = 64 << 20
	// smallAnswer is the size in bytes up to which an answer does not count.
	smallAnswer = 1 << 20
)

func newMemory(most int64) *memory { return &memory{most: most, changed: make(chan struct{})} }

// budgeted is the body of an answer. Beyond a small part it is read only within
// the budget, until release returns its bytes.
type budgeted struct {
	io.ReadCloser
	ctx    context.Context
	memory *memory
	costs  int64 // bytes of the budget for the whole answer
	read   int64
	taken  int64
}

// of wraps the body of an answer, of which at most limit bytes are read, in the
// budget.
func (m *memory) of(ctx context.Context, resp *http.Response, limit int64) *budgeted {
	costs := limit
	if resp.ContentLength >= 0 {
		costs = min(resp.ContentLength, limit)
	}
	return &budgeted{ReadCloser: resp.Body, ctx: ctx, memory: m, costs: min(costs, m.most)}
}

// Read implements [io.Reader].
func (b *budgeted) Read(p []byte) (int, error) {
	if b.taken == 0 && b.read > smallAnswer {
		if err := b.memory.take(b.ctx, b.costs); err != nil {
			return 0, err
		}
		b.taken = b.costs
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	return n, err
}

func (b *budgeted) release() {
	if b.taken > 0 {
		b.memory.give(b.taken)
	}
}

// take waits until n bytes are left.
func (m *memory) take(ctx context.Context, n int64) error {
	for {
		m.mu.Lock()
		if m.used+n <= m.most {
			m.used += n
			m.mu.Unlock()
			return nil
		}
		changed := m.changed
		m.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (m *memory) give(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= n
	close(m.changed)
	m.changed = make(chan struct{})
}
