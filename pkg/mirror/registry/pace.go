package registry

import (
	"sync"
	"time"
)

// pace bounds how many requests to one host begin in a second. There is no
// bound until the host says that it is too much; then it is half of what was
// asked in the second before, and rises by a tenth for each second in which
// requests succeed, until it is far above where it began and is forgotten.
type pace struct {
	mu     sync.Mutex
	rate   float64 // a second; 0: no bound
	top    float64 // from where on the rate is forgotten
	next   time.Time
	moved  time.Time // when the rate last moved
	second time.Time // the second that is counted
	count  int       // requests in it
	before int       // requests in the second before
}

const slowest = 0.2 // requests a second

// turn counts a request and says how long it has to wait before it is sent.
func (p *pace) turn(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch passed := now.Sub(p.second); {
	case passed >= 2*time.Second:
		p.second, p.before, p.count = now, 0, 0
	case passed >= time.Second:
		p.second, p.before, p.count = p.second.Add(time.Second), p.count, 0
	}
	p.count++
	if p.rate == 0 {
		return 0
	}
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(time.Duration(float64(time.Second) / p.rate))
	return wait
}

// slower halves the rate. What else was under way when the host first said so
// does not count again: it gives false when the rate moved less than a second
// ago.
func (p *pace) slower(now time.Time) (rate float64, moved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.moved) < time.Second {
		return p.rate, false
	}
	seen := float64(max(p.count, p.before))
	if p.rate == 0 {
		p.rate, p.top = seen, 4*seen
	}
	p.rate, p.moved = max(p.rate/2, slowest), now
	p.top = max(p.top, 20)
	return p.rate, true
}

// faster is told of each success.
func (p *pace) faster(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rate == 0 || now.Sub(p.moved) < time.Second {
		return
	}
	p.rate, p.moved = p.rate*1.1, now
	if p.rate >= p.top {
		p.rate = 0
	}
}
