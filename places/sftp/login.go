package sftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/words"
)

// login is how a partner knows us: key, agent, password, in this order; the password also answers keyboard-interactive questions.
type login struct {
	partner    string
	keyFile    string
	keyText    string
	passphrase configs.Secret
	password   configs.Secret
	agent      bool
}

func newLogin(partner string, s configs.SFTP) (login, error) {
	l := login{partner: partner, keyText: s.KeyText.Reveal(), passphrase: s.Passphrase, password: s.Password, agent: s.Agent}
	l.keyFile, _ = strings.CutPrefix(s.Key, "file:")
	if l.keyFile == s.Key {
		l.keyFile = ""
		if l.keyText == "" && strings.Contains(s.Key, "PRIVATE KEY") {
			l.keyText = s.Key
		}
	}
	if !l.hasKey() && !l.agent && l.password.Empty() {
		return l, errors.New("there is no way to log in: write key, agent or password")
	}
	if l.hasKey() {
		if _, err := l.signer(); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *login) hasKey() bool { return l.keyFile != "" || l.keyText != "" }

// signer reads the private key. A file is read each time, so that a new key counts from the next connection on.
func (l *login) signer() (ssh.Signer, error) {
	text := []byte(l.keyText)
	if l.keyFile != "" {
		var err error
		if text, err = os.ReadFile(l.keyFile); err != nil {
			return nil, l.trouble("sftp.key_file", err, "file", l.keyFile, "cause", reason(err))
		}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))                             // of Notepad
	if bytes.HasPrefix(text, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----")) { // PKCS #8, as openssl locks keys
		return nil, l.trouble("sftp.key_sealed", errors.New("a locked PKCS #8 key"), "file", l.where())
	}
	signer, err := ssh.ParsePrivateKey(text)
	if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		if l.passphrase.Empty() {
			return nil, l.trouble("sftp.key_locked", err, "file", l.where())
		}
		if signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(l.passphrase.Again().Reveal())); err != nil {
			return nil, l.trouble("sftp.key_passphrase", err, "file", l.where())
		}
	}
	if err != nil {
		return nil, l.trouble("sftp.key_form", err, "file", l.where())
	}
	return modern(signer), nil
}

func (l *login) where() string {
	if l.keyFile != "" {
		return l.keyFile
	}
	return "key"
}

// modern keeps an RSA key from signing with SHA-1.
func modern(s ssh.Signer) ssh.Signer {
	multi, ok := s.(ssh.AlgorithmSigner)
	if !ok || s.PublicKey().Type() != ssh.KeyAlgoRSA {
		return s
	}
	limited, err := ssh.NewSignerWithAlgorithms(multi, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256})
	if err != nil {
		return s
	}
	return limited
}

// methods are the ways to try. release ends the connection to the agent; call it after the handshake.
func (l *login) methods(ctx context.Context) (ways []ssh.AuthMethod, release func(), err error) {
	release = func() {}
	var signers []ssh.Signer
	if l.hasKey() {
		s, err := l.signer()
		if err != nil {
			return nil, release, err
		}
		signers = append(signers, s)
	}
	if l.agent {
		held, done, err := l.agents(ctx)
		if err != nil && len(signers) == 0 && l.password.Empty() {
			return nil, release, err
		}
		signers, release = append(signers, held...), done
	}
	if len(signers) > 0 {
		ways = append(ways, ssh.PublicKeys(signers...))
	}
	if !l.password.Empty() {
		ways = append(ways, ssh.Password(l.password.Again().Reveal()), ssh.KeyboardInteractive(l.answer))
	}
	return ways, release, nil
}

// agents gives the keys that the SSH agent holds.
func (l *login) agents(ctx context.Context) ([]ssh.Signer, func(), error) {
	nothing := func() {}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, nothing, l.trouble("sftp.agent", errors.New("SSH_AUTH_SOCK is not set"), "cause", "SSH_AUTH_SOCK is not set")
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, nothing, l.trouble("sftp.agent", err, "cause", reason(err))
	}
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		_ = conn.Close()
		return nil, nothing, l.trouble("sftp.agent", err, "cause", reason(err))
	}
	for i := range signers {
		signers[i] = modern(signers[i])
	}
	return signers, func() { _ = conn.Close() }, nil
}

// answer gives the password to the one hidden question; any other question is for a person.
func (l *login) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range questions {
		if echos[i] || len(questions) > 1 {
			return nil, fmt.Errorf("the server asks %q, which only a person can answer", questions[i])
		}
		answers[i] = l.password.Again().Reveal()
	}
	return answers, nil
}

// tried names what was offered, with the public keys by which the partner can recognise them.
func (l *login) tried() string {
	var ways []string
	if l.hasKey() {
		if s, err := l.signer(); err == nil {
			ways = append(ways, "key "+ssh.FingerprintSHA256(s.PublicKey()))
		}
	}
	if l.agent {
		ways = append(ways, "agent")
	}
	if !l.password.Empty() {
		ways = append(ways, "password")
	}
	return strings.Join(ways, ", ")
}

func (l *login) trouble(key string, err error, args ...any) error {
	return trouble(StepLogin, words.Message(key, append([]any{"partner", l.partner}, args...)...), err)
}
