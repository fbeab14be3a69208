package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirror-tools/mirror-tools/internal/cli"
	"github.com/mirror-tools/mirror-tools/pkg/mirror/registry"
)

// identity makes a client certificate and its key, in PEM.
func identity(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs})
}

// TestClientCertificate shows a registry the certificate that is for it, and no other.
func TestClientCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v2/" && (len(r.TLS.PeerCertificates) != 1 || r.TLS.PeerCertificates[0].Subject.CommonName != "client") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("a", 64))
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "https://")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	cert, key := identity(t)
	write := func(path string, data []byte) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	both := write(filepath.Join(t.TempDir(), "client.pem"), append(cert, key...))
	ca := write(filepath.Join(t.TempDir(), "ca.pem"), authority)
	home := t.TempDir()
	dir := filepath.Join(home, ".config", "containers", "certs.d", host)
	write(filepath.Join(dir, "ca.crt"), authority)
	write(filepath.Join(dir, "client.cert"), cert)
	write(filepath.Join(dir, "client.key"), key)
	for name, tt := range map[string]struct {
		c    connection
		home string
		ok   bool
	}{
		"--client-certificate":   {connection{trust: trust{authorities: []string{ca}, clientCertificates: []string{host + "=" + both}}}, "", true},
		"certs.d":                {connection{}, home, true},
		"for another registry":   {connection{trust: trust{authorities: []string{ca}, clientCertificates: []string{"127.0.0.1:1=" + both}}}, "", false},
		"nothing":                {connection{trust: trust{authorities: []string{ca}}}, "", false},
		"certs.d of no registry": {connection{trust: trust{authorities: []string{ca}}}, t.TempDir(), false},
	} {
		t.Run(name, func(t *testing.T) {
			env := cli.Env{Getenv: func(string) string { return tt.home }}
			tt.c.attempts = 1
			client, err := tt.c.client(env, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if _, err = client.Resolve(t.Context(), registry.Repository{Host: host, Path: "a"}, "v1"); (err == nil) != tt.ok {
				t.Errorf("%v", err)
			}
		})
	}
	for _, bad := range []string{"host", "=file", "host=", "host=/no/such/file", host + "=" + ca} {
		o := connection{trust: trust{clientCertificates: []string{bad}}}
		if _, err := o.certificates(cli.Env{Getenv: func(string) string { return "" }}, o.pool); err == nil {
			t.Errorf("--client-certificate %s is taken", bad)
		}
	}
	write(filepath.Join(dir, "client.key"), []byte("no key"))
	if _, err := certsD([]string{filepath.Dir(dir)}, host, (&connection{}).pool); err == nil || !strings.Contains(err.Error(), "client.cert") {
		t.Errorf("a broken key: %v", err)
	}
}
