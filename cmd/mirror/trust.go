package main

import (
	"crypto/x509"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
)

// trust has the flags that say which registries are trusted, and how they trust
// us.
type trust struct {
	insecure           []string
	authorities        []string
	clientCertificates []string
}

func (t *trust) bind(f *pflag.FlagSet) {
	f.StringArrayVar(&t.insecure, "insecure", nil, "skip TLS checks and allow HTTP, for a `HOST` or for all")
	f.Lookup("insecure").NoOptDefVal = everyHost
	f.StringArrayVar(&t.authorities, "certificate-authority", nil, "also trust the certificate authorities in a PEM `FILE`")
	f.StringArrayVar(&t.clientCertificates, "client-certificate", nil, "client certificate and key in PEM: `HOST=FILE`")
}

// roots are the system's certificate authorities and those that were named.
func (t *trust) roots() (*x509.CertPool, error) {
	if len(t.authorities) == 0 {
		return nil, nil
	}
	return t.pool()
}

// pool is a new pool of these.
func (t *trust) pool() (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	for _, file := range t.authorities {
		if err := trustFile(pool, file); err != nil {
			return nil, cli.Usagef("--certificate-authority: %w", err)
		}
	}
	return pool, nil
}

// trustFile adds the certificates in a PEM file to a pool.
func trustFile(pool *x509.CertPool, file string) error {
	pem, err := argfile.ReadSmall(file)
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s holds no PEM certificate", file)
	}
	return err
}
