package runreport

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Gateway is a Pushgateway of Prometheus and the group of metrics in it that
// belongs to one job. Its address may hold a user and a password, which no
// error tells.
type Gateway struct {
	Client *http.Client
	at     *url.URL // of the group
	job    string
}

// NewGateway reads the address of a gateway. Where it does not name a group
// itself (…/metrics/job/NAME), the group is that of the job.
func NewGateway(client *http.Client, address, job string) (*Gateway, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("use an address such as http://HOST:9091") // not told: it may hold a password
	}
	if u.Path == "" {
		u.Path = "/"
	}
	g := &Gateway{Client: client, at: u, job: job}
	if _, group, ok := strings.Cut(u.Path, "/metrics/job/"); ok {
		g.job, _, _ = strings.Cut(group, "/")
		return g, nil
	}
	if strings.Contains(job, "/") {
		g.at = u.JoinPath("metrics", "job@base64", base64.RawURLEncoding.EncodeToString([]byte(job))) // #nosec G125 -- base64 for URLs has no . and no /
	} else {
		g.at = u.JoinPath("metrics", "job", url.PathEscape(job))
	}
	return g, nil
}

// String returns the address of the group without user, password and query.
func (g *Gateway) String() string {
	return (&url.URL{Scheme: g.at.Scheme, Host: g.at.Host, Path: g.at.Path}).String()
}

// maxMetrics limits what is read from a gateway, which returns all its groups.
const maxMetrics = 64 << 20

// Since reads what the gateway remembers of the last run.
func (g *Gateway) Since(ctx context.Context) (Since, error) {
	all := *g.at
	root, _, _ := strings.Cut(all.Path, "/metrics/")
	all.Path = root + "/metrics"
	all.RawPath = ""
	resp, err := g.do(ctx, http.MethodGet, &all, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	since, err := ReadSince(io.LimitReader(resp.Body, maxMetrics), map[string]string{"job": g.job})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", g, bare(err))
	}
	return since, nil
}

// Push replaces the group's metrics.
func (g *Gateway) Push(ctx context.Context, metrics []byte) error {
	resp, err := g.do(ctx, http.MethodPut, g.at, metrics)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// do sends a request. Redirects are not followed: they would take the
// credentials along.
func (g *Gateway) do(ctx context.Context, method string, at *url.URL, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s %s: invalid address", method, g)
	}
	if body != nil {
		req.Header.Set("Content-Type", "text/plain; version=0.0.4")
	}
	client := *g.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, g, bare(err))
	}
	if resp.StatusCode/100 != 2 {
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s: the gateway returned %d %s", method, g, resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return resp, nil
}

// bare is an error without the URL that net/http puts around it.
func bare(err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err, wrapped = wrapped.Err, nil
	}
	return err
}
