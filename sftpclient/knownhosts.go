package sftpclient

import (
	"bufio"
	"crypto/ed25519"
	"errors"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// known is a known_hosts file as it is now.
type known struct {
	callback ssh.HostKeyCallback
	signs    map[int]bool // numbers of its @cert-authority lines
}

func readKnown(file string) (*known, error) {
	callback, err := knownhosts.New(file)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	k := &known{callback: callback, signs: map[int]bool{}}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 && fields[0] == "@cert-authority" {
			k.signs[n] = true
		}
	}
	return k, lines.Err()
}

// anyPort is the address as lines without a port write it. The certificate of a host counts for all its ports.
func anyPort(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return net.JoinHostPort(host, "22")
}

// of gives the keys of a host that are known, and the authorities that may sign for it.
func (k *known) of(address string) (keys, authorities []knownhosts.KnownKey) {
	for _, want := range k.wants(address) {
		if k.signs[want.Line] {
			authorities = append(authorities, want)
		} else {
			keys = append(keys, want)
		}
	}
	for _, want := range k.wants(anyPort(address)) {
		same := func(a knownhosts.KnownKey) bool { return a.Line == want.Line }
		if k.signs[want.Line] && !slices.ContainsFunc(authorities, same) {
			authorities = append(authorities, want)
		}
	}
	return keys, authorities
}

// wants asks with a key that nobody has, so that the answer names those that are known.
func (k *known) wants(address string) []knownhosts.KnownKey {
	nobodys, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil
	}
	if mismatch, ok := errors.AsType[*knownhosts.KeyError](k.callback(address, &net.TCPAddr{}, nobodys)); ok {
		return mismatch.Want
	}
	return nil
}

// verify is nil for a key that is known, and for a certificate that is good or whose key is known. Its error is the one of
// package knownhosts about the key, unless a certificate of a known authority is what is wrong: then ssh's.
func (k *known) verify(address string, remote net.Addr, key ssh.PublicKey) error {
	certificate, ok := key.(*ssh.Certificate)
	if !ok {
		return k.callback(address, remote, key)
	}
	var revoked *knownhosts.RevokedError
	if err := k.callback(address, remote, certificate.SignatureKey); errors.As(err, &revoked) {
		return err
	}
	plain := k.callback(address, remote, certificate.Key)
	if plain == nil || errors.As(plain, &revoked) {
		return plain
	}
	if !k.signedByKnown(address, certificate) {
		return plain
	}
	if certificate.Signature.Format == ssh.KeyAlgoRSA {
		return errors.New("it is signed with SHA-1")
	}
	signed := k.callback(address, remote, certificate)
	if signed != nil {
		signed = k.callback(anyPort(address), remote, certificate)
	}
	return signed
}

func (k *known) signedByKnown(address string, c *ssh.Certificate) bool {
	_, authorities := k.of(address)
	return slices.ContainsFunc(authorities, func(a knownhosts.KnownKey) bool {
		return string(a.Key.Marshal()) == string(c.SignatureKey.Marshal())
	})
}
