package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/internal/runreport"
	"github.com/mirror-tools/mirror-tools/pkg/mirror"
)

// metricsFlags are the flags for a run's metrics.
type metricsFlags struct {
	file    string
	gateway string
}

func (m *metricsFlags) bind(f *pflag.FlagSet) {
	f.StringVar(&m.file, "metrics-file", "", "write Prometheus metrics to `FILE`")
	f.StringVar(&m.gateway, "pushgateway", "", "push metrics to a Pushgateway `URL`, as job $JOB_NAME")
}

func (m *metricsFlags) check() error {
	if m.gateway == "" {
		return nil
	}
	if _, err := runreport.NewGateway(http.DefaultClient, m.gateway, "mirror"); err != nil {
		return cli.Usagef("--pushgateway: %w", err)
	}
	return nil
}

// gatewayTimeout is how long a gateway may take for one answer.
const gatewayTimeout = 10 * time.Second

// write writes the metrics. What fails costs the metrics, not the run. Since
// when a destination fails is known from the metrics of the run before.
func (m *metricsFlags) write(r *mirror.Report, job string) error {
	if m.file == "" && m.gateway == "" {
		return nil
	}
	var errs []error
	before := runreport.Since{}
	remember := func(since runreport.Since, err error) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("cannot read since when destinations fail: %w", err))
		}
		for d, t := range since {
			if known, ok := before[d]; !ok || t.Before(known) {
				before[d] = t
			}
		}
	}
	if m.file != "" {
		remember(sinceOf(m.file))
	}
	var gateway *runreport.Gateway
	ctx, cancel := context.WithTimeout(context.Background(), 2*gatewayTimeout)
	defer cancel()
	if m.gateway != "" {
		var err error
		if gateway, err = runreport.NewGateway(&http.Client{Timeout: gatewayTimeout}, m.gateway, job); err != nil {
			return err
		}
		remember(gateway.Since(ctx))
	}
	var text bytes.Buffer
	if err := runreport.Metrics(&text, r, cli.Version(), job, runreport.Failing(r, before)); err != nil {
		return err
	}
	if m.file != "" {
		err := argfile.Write(m.file, func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err })
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot write the metrics: %w", err))
		}
	}
	if gateway != nil {
		if err := gateway.Push(ctx, text.Bytes()); err != nil {
			errs = append(errs, fmt.Errorf("cannot push the metrics: %w", err))
		}
	}
	return errors.Join(errs...)
}

func sinceOf(file string) (runreport.Since, error) {
	data, err := argfile.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return runreport.ReadSince(bytes.NewReader(data), nil)
}
