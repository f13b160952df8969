// Package configs holds rowferry.yaml: its types, how it is loaded, and every check that can be made before anything runs.
package configs

import (
	"time"

	"github.com/rowferry/rowferry/batch"
)

// Config is one rowferry.yaml after loading: secrets resolved, defaults filled in, paths absolute.
type Config struct {
	Path     string             `yaml:"-"`
	Data     string             `yaml:"data"`     // ledger and spool
	Ledger   string             `yaml:"ledger"`   // sqlite; postgres:// comes later
	Language batch.Language     `yaml:"language"` // of messages
	Listen   string             `yaml:"listen"`   // metrics and /healthz; "" = none
	Lists    map[string]string  `yaml:"lists"`    // code list → file with one value a line
	Accounts map[string]Account `yaml:"accounts"`
	SFTP     map[string]SFTP    `yaml:"sftp"`
	Routes   map[string]Route   `yaml:"routes"`
}

// Account is one login at a provider, with its limits.
type Account struct {
	Name        string            `yaml:"-"`
	Provider    string            `yaml:"provider"` // a built-in document, or a path
	Server      string            `yaml:"server"`   // production, sandbox or a URL
	Credentials map[string]Secret `yaml:"credentials"`
	Auth        string            `yaml:"auth"`     // authentication scheme; "" = the operation's first
	Login       string            `yaml:"login"`    // session: v1, v3, v4; "" = the first whose credentials are there
	Encoding    string            `yaml:"encoding"` // json or xml where the provider offers both
	Sign        *Sign             `yaml:"sign"`
	Headers     map[string]Secret `yaml:"headers"` // static headers besides the document's
	Rate        string            `yaml:"rate"`
	Concurrency int               `yaml:"concurrency"`
	Timeout     time.Duration     `yaml:"timeout"`
	Retry       Retry             `yaml:"retry"`
	CA          string            `yaml:"ca"` // PEM file of further roots
}

// Secret is a value that String, logs and encoders show as "***". Reveal gives it.
type Secret struct{ value string }

// NewSecret wraps a value.
func NewSecret(v string) Secret { return Secret{v} }

// Reveal returns the value; only the code that puts it on the wire may call it.
func (s Secret) Reveal() string { return s.value }

// String hides the value.
func (s Secret) String() string { return "***" }

// GoString hides the value.
func (s Secret) GoString() string { return "***" }

// MarshalText hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Sign is the recipe of a signature that the provider has not published.
type Sign struct {
	Digest   string `yaml:"digest"`   // md5, sha1, sha256, hmac-md5, hmac-sha1, hmac-sha256
	Over     string `yaml:"over"`     // template over {token} {timestamp} {nonce} {secret} {staff} {method} {path} {body} {headers} {params} and every credential
	Key      string `yaml:"key"`      // hmac: template of the key; default {secret}
	Case     string `yaml:"case"`     // lower, upper
	Encoding string `yaml:"encoding"` // hex, base64
}

// Retry is how long and how eagerly a request is tried again.
type Retry struct {
	For   time.Duration `yaml:"for"`   // 24h
	First time.Duration `yaml:"first"` // first pause, 1s; doubled with full jitter
	Most  time.Duration `yaml:"most"`  // longest pause, 5m
}

// SFTP is one partner's server.
type SFTP struct {
	Name       string        `yaml:"-"`
	Host       string        `yaml:"host"`
	Port       int           `yaml:"port"`
	User       string        `yaml:"user"`
	Password   Secret        `yaml:"password"`
	Key        string        `yaml:"key"` // file:PATH of a private key, or the key itself from ${NAME}
	Passphrase Secret        `yaml:"passphrase"`
	Agent      bool          `yaml:"agent"`
	KnownHosts string        `yaml:"known_hosts"`
	HostKey    string        `yaml:"host_key"` // "ssh-ed25519 AAAA…" or "SHA256:…"
	Jump       string        `yaml:"jump"`     // name of another sftp entry
	Timeout    time.Duration `yaml:"timeout"`  // of one operation without progress, 30s
	KeepAlive  time.Duration `yaml:"keep_alive"`
}

// Route is inbox → reader → mapping → operation of an account → outbox.
type Route struct {
	Name      string             `yaml:"-"`
	Account   string             `yaml:"account"`
	Operation string             `yaml:"operation"`
	Language  batch.Language     `yaml:"language"` // default: the file's
	Inbox     Inbox              `yaml:"inbox"`
	Outbox    Outbox             `yaml:"outbox"`
	Preview   Preview            `yaml:"preview"`
	Read      Read               `yaml:"read"`
	Map       map[string]Mapping `yaml:"map"`
	Group     string             `yaml:"group"`
	Optional  []string           `yaml:"optional"`
	Later     *Later             `yaml:"later"`
	Limits    RouteLimits        `yaml:"limits"`
}

// Inbox is where a route's files come from.
type Inbox struct {
	Dir      string        `yaml:"dir"`
	SFTP     string        `yaml:"sftp"`
	Settle   time.Duration `yaml:"settle"`   // 2s
	Match    []string      `yaml:"match"`    // ["*.csv", "*.xlsx", "*.xml"]
	Every    time.Duration `yaml:"every"`    // pause between looks: 2s local, 1m SFTP
	Schedule string        `yaml:"schedule"` // five-field cron, CRON_TZ= allowed
	TimeZone string        `yaml:"time_zone"`
	Done     string        `yaml:"done"`     // marker: "{name}.done"
	Patience time.Duration `yaml:"patience"` // how long a stable but unfinished file may stay so, 10m
	After    string        `yaml:"after"`    // archive (default), delete, keep
}

// Outbox is where a route's results go.
type Outbox struct {
	Dir     string   `yaml:"dir"`
	SFTP    string   `yaml:"sftp"`
	Formats []string `yaml:"formats"` // csv, xlsx, summary; default [csv, summary]
}

// Preview is a folder whose files are checked and never sent.
type Preview struct {
	Dir string `yaml:"dir"`
}

// Read is how files are read; all optional.
type Read struct {
	Sheet     string `yaml:"sheet"`
	Header    string `yaml:"header"`
	Encoding  string `yaml:"encoding"`
	Delimiter string `yaml:"delimiter"`
	Quote     string `yaml:"quote"`
	Escape    string `yaml:"escape"`
	Record    string `yaml:"record"`
}

// Mapping is what fills one field: a heading, a list of headings, or one of the keys below.
type Mapping struct {
	From   []string          `yaml:"from"`   // the first of these headings that the file has
	Value  *string           `yaml:"value"`  // a constant
	Expr   string            `yaml:"expr"`   // an expression over row and value
	Lookup map[string]string `yaml:"lookup"` // applied to the value
	Date   []string          `yaml:"date"`   // Go layouts the value may be written in
	Trim   *bool             `yaml:"trim"`   // default true
	Upper  bool              `yaml:"upper"`
	Lower  bool              `yaml:"lower"`
	Blank  string            `yaml:"default"` // used when the value is blank
	Line   int               `yaml:"-"`       // where it stands in the configuration
}

// Later says how long to wait for a state that does not allow the call yet.
type Later struct {
	Every time.Duration `yaml:"every"`
	For   time.Duration `yaml:"for"`
}

// RouteLimits bound one file.
type RouteLimits struct {
	MaxRows   int `yaml:"max_rows"`   // 100000
	StopAfter int `yaml:"stop_after"` // equal refusals in a row that pause the file; 50
}
