package localcluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The login at the secure listeners, by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.
const (
	SecureUser     = "hub"
	SecurePassword = "secret-of-the-tests"
)

// secureListener is what the template needs of a broker's secure listener; nil without one.
func (k *Kafka) secureListener(id int) map[string]string {
	if !k.cfg.Secure {
		return nil
	}
	return map[string]string{"Address": address(k.ports[id-1]), "Keystore": k.keystore(), "User": SecureUser, "Password": SecurePassword}
}

// Secure returns the addresses of the secure listeners, that of node 1 first, and the file with the certificate that signed theirs; nil and ""
// without them.
func (k *Kafka) Secure() (brokers []string, caFile string) {
	for _, port := range k.ports {
		brokers = append(brokers, address(port))
	}
	return brokers, k.ca
}

func (k *Kafka) keystore() string { return filepath.Join(k.cfg.Dir, "brokers.pem") }

// secure has a certificate for the brokers signed by an authority that nobody keeps.
func (k *Kafka) secure() error {
	if err := os.MkdirAll(k.cfg.Dir, 0o700); err != nil {
		return err
	}
	authority := certificate("permithub test authority")
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, &signer.PublicKey, signer)
	if err != nil {
		return fmt.Errorf("sign the authority: %w", err)
	}
	broker := certificate("broker")
	broker.IPAddresses, broker.ExtKeyUsage = []net.IP{net.ParseIP(host)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leaf, err := x509.CreateCertificate(rand.Reader, broker, authority, &key.PublicKey, signer)
	if err != nil {
		return fmt.Errorf("sign the brokers: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	k.ca = filepath.Join(k.cfg.Dir, "ca.pem")
	if err := os.WriteFile(k.ca, encode("CERTIFICATE", root), 0o600); err != nil {
		return err
	}
	return os.WriteFile(k.keystore(), slices.Concat(encode("PRIVATE KEY", private), encode("CERTIFICATE", leaf), encode("CERTIFICATE", root)), 0o600)
}

// certificate lives as long as the longest run of the tests, and some more for a clock that is wrong.
func certificate(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour)}
}
