package sftp

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// known is a known_hosts file as it is now.
type known struct {
	callback ssh.HostKeyCallback
	signs    map[int]bool // numbers of its @cert-authority lines
	left     []int        // numbers of the lines that cannot be read
}

// readKnown reads the file. Like ssh it leaves out lines that cannot be read, but none that may have been meant to revoke a key: then the
// file as a whole is refused.
func readKnown(file string) (*known, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	k := &known{signs: map[int]bool{}}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		switch fields := strings.Fields(line); {
		case len(fields) == 0 || fields[0][0] == '#':
		case !readable(fields) && !mayRevoke(line):
			k.left, lines[i] = append(k.left, i+1), ""
		case fields[0] == authorityMark:
			k.signs[i+1] = true
		}
	}
	if len(k.left) > 0 { // package knownhosts takes files only
		readable, err := os.CreateTemp("", "known_hosts-*")
		if err != nil {
			return nil, err
		}
		defer os.Remove(readable.Name())
		_, err = readable.WriteString(strings.Join(lines, "\n"))
		if err := errors.Join(err, readable.Close()); err != nil {
			return nil, err
		}
		file = readable.Name()
	}
	k.callback, err = knownhosts.New(file)
	return k, err
}

const authorityMark = "@cert-authority"

// readable reports that a line has host, kind of key and key.
func readable(fields []string) bool {
	if fields[0] == authorityMark {
		fields = fields[1:]
	}
	if len(fields) < 3 {
		return false
	}
	blob, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return false
	}
	key, err := ssh.ParsePublicKey(blob)
	return err == nil && key.Type() == fields[1]
}

// mayRevoke reports that a line which cannot be read may be a mark against a key, however it is misspelt or encoded.
func mayRevoke(line string) bool {
	line = strings.TrimLeftFunc(strings.ReplaceAll(line, "\x00", ""), func(c rune) bool { return c <= ' ' || c > unicode.MaxASCII })
	return strings.HasPrefix(line, "@") && !strings.HasPrefix(line, authorityMark+" ") || strings.Contains(strings.ToLower(line), "revoke")
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
