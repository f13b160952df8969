package sftp

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/words"
)

// hostKeys decides whether a server is the partner's. Without known_hosts and host_key no server is.
type hostKeys struct {
	partner     string
	file        string        // known_hosts; read at each connection, so that a line added now counts now
	pinned      ssh.PublicKey // the key itself
	fingerprint string        // or its fingerprint
}

func newHostKeys(partner string, s configs.SFTP) (hostKeys, error) {
	h := hostKeys{partner: partner, file: s.KnownHosts}
	text := strings.TrimSpace(s.HostKey)
	switch {
	case text == "":
		return h, nil
	case strings.HasPrefix(text, "SHA256:"):
		h.fingerprint = strings.TrimRight(text, "=")
		if len(h.fingerprint) != len("SHA256:")+43 {
			return h, fmt.Errorf("host_key %q is not a whole fingerprint: write SHA256: and 43 characters, as ssh-keygen -lf shows it", text)
		}
		return h, nil
	}
	key, err := parseKeyLine(text)
	if err != nil {
		return h, fmt.Errorf("host_key is neither a fingerprint nor a key: write \"SHA256:…\" or \"ssh-ed25519 AAAA…\" (%w)", err)
	}
	h.pinned = key
	return h, nil
}

// Check lists what is wrong with a partner's settings; no server is asked.
func Check(s configs.SFTP) (wrong []batch.Mistake) {
	if s.Host != "" && !configs.IsHost(s.Host) {
		wrong = append(wrong, batch.Mistake{Key: "host", What: words.Message("config.host"), Write: words.Example("host: sftp.example.com")})
	}
	if _, err := newHostKeys("", s); err != nil {
		wrong = append(wrong, batch.Mistake{Key: "host_key", What: words.Message("config.host_key"), Write: words.Message("config.host_key.write", "host", cmp.Or(s.Host, "sftp.example.com"))})
	}
	return wrong
}

// parseKeyLine takes "ssh-ed25519 AAAA…", with or without a host in front, as ssh-keyscan prints it.
func parseKeyLine(text string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err == nil {
		return key, nil
	}
	if _, rest, found := strings.Cut(text, " "); found {
		if key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(rest)); err == nil {
			return key, nil
		}
	}
	return nil, err
}

// families are the host key algorithms we accept, by kind of key, the best first.
var families = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
}

// certified are the algorithms of host keys with a certificate, the best first.
var certified = []string{ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01}

// types gives the algorithms to ask the server for: those of the keys that are known for it, and certificates where an authority is.
// Where it cannot be said which of them the server has, there are several sets, to be tried in turn.
func (h *hostKeys) types(address string) ([][]string, error) {
	best := slices.Concat(families...)
	switch {
	case h.pinned != nil:
		return [][]string{algorithmsOf(h.pinned.Type())}, nil
	case h.fingerprint != "":
		return families, nil
	case h.file == "":
		return [][]string{best}, nil
	}
	known, err := readKnown(h.file)
	if err != nil {
		return nil, h.unusable(err)
	}
	keys, authorities := known.of(address)
	var wanted []string
	for _, k := range keys {
		for _, a := range algorithmsOf(k.Key.Type()) {
			if !slices.Contains(wanted, a) {
				wanted = append(wanted, a)
			}
		}
	}
	slices.SortStableFunc(wanted, func(a, b string) int { return slices.Index(best, a) - slices.Index(best, b) })
	switch {
	case len(authorities) > 0 && len(wanted) > 0:
		return [][]string{certified, wanted}, nil
	case len(authorities) > 0:
		return [][]string{slices.Concat(certified, best)}, nil
	case len(wanted) > 0:
		return [][]string{wanted}, nil
	}
	return [][]string{best}, nil
}

func (h *hostKeys) unusable(err error) error {
	return keyTrouble("sftp.known_hosts", err, "partner", h.partner, "file", h.file, "cause", err)
}

func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return families[2]
	}
	return []string{keyType}
}

// check is nil for the partner's key; else a *places.Trouble that says what was shown and what to do.
func (h *hostKeys) check(address string, remote net.Addr, key ssh.PublicKey) error {
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	args := []any{"partner", h.partner, "host", address, "type", key.Type(), "fingerprint", ssh.FingerprintSHA256(key)}
	switch {
	case h.pinned != nil:
		if string(h.pinned.Marshal()) == string(key.Marshal()) {
			return nil
		}
		return keyTrouble("sftp.pinned", nil, append(args, "pinned", h.pinned.Type()+" "+ssh.FingerprintSHA256(h.pinned), "line", line)...)
	case h.fingerprint != "":
		if h.fingerprint == ssh.FingerprintSHA256(key) {
			return nil
		}
		return keyTrouble("sftp.pinned", nil, append(args, "pinned", h.fingerprint, "line", line)...)
	case h.file == "":
		return keyTrouble("sftp.unpinned", nil, append(args, "line", line)...)
	}
	known, err := readKnown(h.file)
	if err != nil {
		return h.unusable(err)
	}
	return h.explain(known, address, key, known.verify(address, remote, key))
}

// explain turns what known_hosts says into what a person can do. The line to add is that of the key, also below a certificate.
func (h *hostKeys) explain(known *known, address string, key ssh.PublicKey, err error) error {
	if err == nil {
		return nil
	}
	plain, signer := key, ssh.PublicKey(nil)
	if c, ok := key.(*ssh.Certificate); ok {
		plain, signer = c.Key, c.SignatureKey
	}
	args := []any{"partner", h.partner, "host", address, "type", plain.Type(), "fingerprint", ssh.FingerprintSHA256(plain),
		"file", h.file, "line", knownhosts.Line([]string{address}, plain)}
	keys, authorities := known.of(address)
	var mismatch *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	switch {
	case errors.As(err, &revoked):
		return keyTrouble("sftp.revoked", err, append(args, "number", revoked.Revoked.Line)...)
	case !errors.As(err, &mismatch) && signer != nil:
		return keyTrouble("sftp.certificate", err, append(args, "cause", reason(err))...)
	case !errors.As(err, &mismatch):
		return h.unusable(err)
	case len(keys) > 0:
		var lines []int
		for _, k := range keys {
			lines = append(lines, k.Line)
		}
		return keyTrouble("sftp.changed_key", err, append(args, "number", numbers(lines))...)
	case signer != nil && len(authorities) > 0:
		authority := "@cert-authority " + knownhosts.Line([]string{address}, signer)
		return keyTrouble("sftp.authority", err, append(args, "signer", ssh.FingerprintSHA256(signer), "authority", authority)...)
	}
	if len(known.left) > 0 {
		return keyTrouble("sftp.unknown_left_out", err, append(args, "number", numbers(known.left))...)
	}
	return keyTrouble("sftp.unknown_key", err, args...)
}

// numbers are the first few of them, for a person.
func numbers(all []int) string {
	const most = 5
	var shown []string
	for _, n := range all[:min(most, len(all))] {
		shown = append(shown, strconv.Itoa(n))
	}
	if len(all) > most {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}

func keyTrouble(key string, err error, args ...any) error {
	if err == nil {
		err = errors.New("host key refused")
	}
	return trouble(StepKey, words.Message(key, args...), err)
}
