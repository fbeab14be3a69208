package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/argfile"
	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// certificates finds what TLS with a registry needs: the client certificates of
// --client-certificate, and what podman's and docker's certs.d folders have for the
// registry.
func (t *trust) certificates(env cli.Env, roots func() (*x509.CertPool, error)) (func(host string) (registry.HostTLS, error), error) {
	named := map[string]tls.Certificate{}
	for _, spec := range t.clientCertificates {
		host, file, err := hostFile("--client-certificate", spec)
		if err != nil {
			return nil, err
		}
		cert, err := keyPair(file, file)
		if err != nil {
			return nil, cli.Usagef("--client-certificate for %s: %w", host, err)
		}
		named[host] = cert
	}
	folders := []string{"/etc/containers/certs.d", "/etc/docker/certs.d"}
	if home := env.Getenv("HOME"); home != "" {
		folders = append([]string{filepath.Join(home, ".config", "containers", "certs.d")}, folders...)
	}
	return func(host string) (registry.HostTLS, error) {
		settings, err := certsD(folders, host, roots)
		if cert, ok := named[host]; ok {
			settings.Certificates = []tls.Certificate{cert}
		}
		return settings, err
	}, nil
}

// keyPair reads a certificate and its private key, which may be in one file. An
// error names the file.
func keyPair(cert, key string) (tls.Certificate, error) {
	certPEM, err := argfile.ReadSmall(cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	keyPEM := certPEM // a pipe can be read once
	if key != cert {
		if keyPEM, err = argfile.ReadSmall(key); err != nil {
			return tls.Certificate{}, err
		}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		err = fmt.Errorf("%s holds no certificate with its private key in PEM: %w", cert, err)
	}
	return pair, err
}

// certsD reads the folder of a registry in the first of the folders that has one:
// *.crt are authorities to trust for it, *.cert and *.key certificates of the client.
func certsD(folders []string, host string, roots func() (*x509.CertPool, error)) (registry.HostTLS, error) {
	var settings registry.HostTLS
	if strings.ContainsAny(host, `/\`) {
		return settings, nil
	}
	for _, folder := range folders {
		dir := filepath.Join(folder, host)
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return settings, err
		}
		for _, entry := range entries {
			path := filepath.Join(dir, entry.Name())
			switch filepath.Ext(path) {
			case ".crt":
				if settings.Roots == nil {
					if settings.Roots, err = roots(); err != nil {
						return settings, err
					}
				}
				if err := trustFile(settings.Roots, path); err != nil {
					return settings, err
				}
			case ".cert":
				cert, err := keyPair(path, strings.TrimSuffix(path, ".cert")+".key")
				if err != nil {
					return settings, err
				}
				settings.Certificates = append(settings.Certificates, cert)
			}
		}
		return settings, nil
	}
	return settings, nil
}
