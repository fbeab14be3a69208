package throttle

import (
	"sync"
	"time"
)

// rate limits how many requests to one host begin in a second. There is no
// limit until the host throttles us. Then the rate of that second is taken to
// be too high: three quarters of it are allowed, and so on if that is too high,
// too. The rate rises by half each second in which requests succeed, up to just
// below the rate that was too high, and slowly from there on. When it is far
// above where it began, the limit is removed.
type rate struct {
	mu     sync.Mutex
	limit  float64 // a second; 0: no limit
	much   float64 // the rate that was too high
	top    float64 // the rate at which the limit is removed
	next   time.Time
	moved  time.Time // when the rate last changed
	second time.Time // the second that is counted
	count  int       // requests in it
	before int       // requests in the second before
}

const slowest = 0.5 // requests a second

// turn counts a request and returns how long it has to wait before it is sent.
func (p *rate) turn(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch passed := now.Sub(p.second); {
	case passed >= 2*time.Second:
		p.second, p.before, p.count = now, 0, 0
	case passed >= time.Second:
		p.second, p.before, p.count = p.second.Add(time.Second), p.count, 0
	}
	p.count++
	if p.limit == 0 {
		return 0
	}
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(time.Duration(float64(time.Second) / p.limit))
	return wait
}

// slower lowers the rate. It returns false if the rate was lowered less than
// two seconds ago, because requests that were in flight then do not count
// again.
func (p *rate) slower(now time.Time) (limit float64, moved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit > 0 && now.Sub(p.moved) < 2*time.Second {
		return p.limit, false
	}
	if p.limit == 0 {
		p.limit = float64(max(p.count, p.before, 1))
		p.much, p.top = p.limit, max(4*p.limit, 20)
	}
	if p.limit > 0.8*p.much { // otherwise our rate is not the reason
		p.much = p.limit
	}
	p.limit, p.moved = max(p.limit*3/4, slowest), now
	return p.limit, true
}

// faster counts a success.
func (p *rate) faster(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit == 0 || now.Sub(p.moved) < time.Second {
		return
	}
	p.moved = now
	if below := 0.9 * p.much; p.limit < below {
		p.limit = min(p.limit*3/2, below)
		return
	}
	if p.limit *= 1.05; p.limit >= p.top {
		p.limit = 0
	}
}
