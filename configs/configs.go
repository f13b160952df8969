// Package configs holds rowferry.yaml: its types, how it is loaded, and every check that can be made before anything runs.
//
// The comments of the fields are what docs/configuration.md and the schema for editors say about the keys; the tags
// default, example, enum, range and above are what Load fills in, shows and allows.
package configs

import (
	"os"
	"slices"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/providers"
)

//go:generate go run ./generate

// Config is one rowferry.yaml after loading: secrets resolved, defaults filled in, paths absolute.
type Config struct {
	Path string `yaml:"-"` // the file it was loaded from, absolute

	// Further files, with * and ? as wildcards, that hold accounts, sftp, lists and routes as they are written here. Paths in them start at the folder of this file, too.
	Include []string `yaml:"include" example:"routes.d/*.yaml"`
	// Folder of the ledger and the spool. Relative paths, here and below, start at the folder of the configuration file.
	Data string `yaml:"data" default:"data" example:"/var/lib/rowferry"`
	// Where the truth about every row is kept: sqlite, a file in the data folder, or the address of a PostgreSQL database, where
	// several machines share the work (docs/cluster.md). Its password comes from the environment ("${LEDGER}", or
	// PGPASSWORD) or from ~/.pgpass.
	Ledger string `yaml:"ledger" default:"sqlite" example:"postgres://rowferry@db.example.com/rowferry?sslmode=verify-full"`
	// What this machine is called where several share a ledger: in status, and in on of an inbox. Without it as the system calls it.
	Machine string `yaml:"machine" example:"east-1"`
	// Where the private copies of the senders' files lie while machines share a ledger: ledger, in the database, or a folder that all machines reach, for files too big or too many for the database. It must be ours alone.
	Spool string `yaml:"spool" default:"ledger" example:"/mnt/share/rowferry"`
	// Language of messages and results, unless a route says otherwise.
	Language batch.Language `yaml:"language" default:"en" enum:"en,zh,ru"`
	// Address on which /metrics and /healthz are served, and the receipts of providers received; without it nothing is served.
	Listen string `yaml:"listen" example:"127.0.0.1:9100"`
	// How long what is not needed any more is kept; without it for ever.
	Keep Keep `yaml:"keep"`
	// Room on the disk of the data folder below which nothing new is taken; what was taken goes on.
	Free string `yaml:"free" example:"2GB"`
	// How people hear of what needs them.
	Notices Notices `yaml:"notices"`
	// The web pages and the API under them.
	Console Console `yaml:"console"`
	// Code lists that a provider does not publish: the list's name and a file with one value a line. A list that is not given is not checked.
	Lists map[string]string `yaml:"lists" example:"lists/countries.txt"`
	// Logins at providers, by a name of your own.
	Accounts map[string]Account `yaml:"accounts"`
	// Partners' SFTP servers, by a name of your own.
	SFTP map[string]SFTP `yaml:"sftp"`
	// What to do with which files, by a name of your own.
	Routes map[string]Route `yaml:"routes" required:"true"`

	// Warnings are what should be looked at although the configuration can be used.
	Warnings []Mistake `yaml:"-"`

	source
}

// InLedger is what Spool says of copies that lie with the ledger.
const InLedger = "ledger"

// Keep is how long what is not needed any more is kept, from the day on which a file's result was out. A file's line stays for ever, with its
// names, hash and counts: the same content is known when it is dropped again. 0 keeps for ever.
type Keep struct {
	// The private copies of the senders' files. Without one a result cannot be written again with the sender's columns, nor one that comes back be matched.
	Originals time.Duration `yaml:"originals" default:"0s" example:"90d"`
	// Result files that still lie in an outbox on this machine.
	Results time.Duration `yaml:"results" default:"0s" example:"400d"`
	// Rows with their requests and outcomes, and with what providers said later about them, or about nothing that is known. At least as long as repeats are known.
	Rows time.Duration `yaml:"rows" default:"0s" example:"400d"`
	// What providers answered to requests that were not delivered.
	Answers time.Duration `yaml:"answers" default:"0s" example:"30d"`
}

// Here is what this machine is called.
func (c *Config) Here() string {
	if c.Machine != "" {
		return c.Machine
	}
	name, err := os.Hostname()
	if err != nil {
		return "a machine without a name"
	}
	return name
}

// Reached reports whether this machine reaches a route's inbox.
func (c *Config) Reached(route string) bool {
	on := c.Routes[route].Inbox.On
	return len(on) == 0 || slices.Contains(on, c.Here())
}

// ForAll reports whether this machine does what is done for all routes: it reaches all their inboxes, or no machine does.
func (c *Config) ForAll() bool {
	var on []string // machines that are named wherever any is
	named := false
	for _, r := range c.Routes {
		switch {
		case len(r.Inbox.On) == 0:
		case !named:
			on, named = slices.Clone(r.Inbox.On), true
		default:
			on = slices.DeleteFunc(on, func(name string) bool { return !slices.Contains(r.Inbox.On, name) })
		}
	}
	return len(on) == 0 || slices.Contains(on, c.Here())
}

// FreeBytes is Free in bytes; 0 where it is not given.
func (c *Config) FreeBytes() uint64 {
	n, _ := parseSize(c.Free)
	return n
}

// Account is one login at a provider, with its limits. All routes that name it share its pace.
type Account struct {
	Name string `yaml:"-"`

	// The provider: a name that `rowferry providers` lists, or the path of a provider document of your own.
	Provider string `yaml:"provider" required:"true" example:"otms"`
	// Which of the provider's servers: production, sandbox, or a URL. Without it production, where the provider's document names one.
	Server string `yaml:"server" example:"sandbox"`
	// What the provider gave you to log in with. Secrets come from the environment ("${NAME}") or from a file ("file:PATH").
	Credentials map[string]Secret `yaml:"credentials" example:"\"${OTMS_PASSWORD}\""`
	// Authentication scheme, where the provider offers several; without it the operation's first.
	Auth string `yaml:"auth" example:"basic"`
	// Generation of a session login (v1, v3, v4), where the provider has several; without it the first whose credentials are there.
	Login string `yaml:"login" example:"v3"`
	// Encoding of requests, where the provider offers several; without it the operation's first.
	Encoding string `yaml:"encoding" enum:"json,xml,form,multipart"`
	// Recipe of the signature, for providers that want one and do not publish it.
	Sign *Sign `yaml:"sign"`
	// Headers to send with every request besides those of the provider's document.
	Headers map[string]Secret `yaml:"headers" example:"\"${API_KEY}\""`
	// Most requests in a period: a number, a slash, and s, m, h or d (10/s, 1600/h, 3/30s); none is no limit. Without it what the provider's document allows.
	Rate string `yaml:"rate" example:"10/s"`
	// Most requests that wait for an answer at the same time. Without it what the provider's document says, or 4.
	Concurrency int `yaml:"concurrency" example:"4" range:"1 1000"`
	// How long an answer may take.
	Timeout time.Duration `yaml:"timeout" default:"30s" above:"0"`
	// How long and how eagerly a request is tried again.
	Retry Retry `yaml:"retry"`
	// How what the provider says later (its receipts) is received, on listen.
	Receipts *Receipts `yaml:"receipts"`
	// PEM file with further certificate authorities to trust.
	CA string `yaml:"ca" example:"/etc/rowferry/company-ca.pem"`
	// PEM file with our own certificate, for a provider that asks its clients for one.
	Cert string `yaml:"cert" example:"/etc/rowferry/client.pem"`
	// PEM file with the private key of cert.
	Key string `yaml:"key" example:"/etc/rowferry/client.key"`
	// Oldest version of TLS that is spoken.
	MinTLS string `yaml:"min_tls" default:"1.2" enum:"1.2,1.3" number:"true"`
	// Proxy that requests go through: http://HOST:PORT, https:// or socks5://, with NAME:PASSWORD@ before the host where it asks for them; none goes there directly. Without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment hold.
	Proxy Secret `yaml:"proxy" example:"http://proxy.example.com:3128"`
}

// Sign is the recipe of a signature that the provider has not published.
type Sign struct {
	// Digest of the signature.
	Digest string `yaml:"digest" required:"true" enum:"md5,sha1,sha256,hmac-md5,hmac-sha1,hmac-sha256"`
	// Template of what is signed, over {token} {timestamp} {nonce} {secret} {staff} {method} {path} {body} {headers} {params} and every credential.
	Over string `yaml:"over" required:"true" example:"\"{token}{timestamp}{nonce}{secret}\""`
	// Template of the key of an hmac digest; without it {secret}.
	Key string `yaml:"key" example:"\"{secret}\""`
	// Letters of a hex signature.
	Case string `yaml:"case" default:"lower" enum:"lower,upper"`
	// How the digest is written.
	Encoding string `yaml:"encoding" default:"hex" enum:"hex,base64"`
}

// Receipts says by what a genuine receipt of the provider is known. They come to listen, at /receipts/ACCOUNT/WEBHOOK; `rowferry providers show` lists the webhooks. Give secret, sign, or both.
type Receipts struct {
	// Secret that the provider shows with each receipt: as the last part of the address (/receipts/ACCOUNT/WEBHOOK/SECRET), as bearer token, or as the password of a basic login. At least 16 characters.
	Secret Secret `yaml:"secret" example:"\"${HGJ_RECEIPTS}\""`
	// Recipe of the signature on receipts, where the provider signs them.
	Sign *Sign `yaml:"sign"`
	// What a receipt is answered with; without it what the provider's document says.
	Answer string `yaml:"answer" example:"'{\"code\": 200}'"`
}

// Retry is how long and how eagerly a request is tried again.
type Retry struct {
	// How long a request is tried again before its rows are failed.
	For time.Duration `yaml:"for" default:"24h"`
	// The first pause; it doubles from try to try, with full jitter.
	First time.Duration `yaml:"first" default:"1s" above:"0"`
	// The longest pause.
	Most time.Duration `yaml:"most" default:"5m" above:"0"`
}

// SFTP is one partner's server.
type SFTP struct {
	Name string `yaml:"-"`

	// Name or address of the server.
	Host string `yaml:"host" required:"true" example:"sftp.example.com"`
	// Port of the server.
	Port int `yaml:"port" default:"22" range:"1 65535"`
	// User to log in as.
	User string `yaml:"user" required:"true" example:"acme"`
	// Password of the user, from the environment or a file.
	Password Secret `yaml:"password" example:"\"${PARTNER_PASSWORD}\""`
	// Private key: file:PATH, or "${NAME}" of a variable that holds the key itself.
	Key string `yaml:"key" example:"file:/etc/rowferry/id_ed25519"`
	// Passphrase of the private key.
	Passphrase Secret `yaml:"passphrase" example:"\"${KEY_PASSPHRASE}\""`
	// Use the keys of the SSH agent.
	Agent bool `yaml:"agent" example:"true"`
	// File with the server's host key, as ssh writes it. Host keys are always verified: give this or host_key.
	KnownHosts string `yaml:"known_hosts" example:"/etc/rowferry/known_hosts"`
	// The server's host key itself ("ssh-ed25519 AAAA…") or its fingerprint ("SHA256:…").
	HostKey string `yaml:"host_key" example:"\"SHA256:uNiVztksCsDhcc0u9e8BrrXVTGwqJxvrm0KLJ1W1Vx4\""`
	// Name of another sftp entry to connect through.
	Jump string `yaml:"jump" example:"gateway"`
	// How long one operation may make no progress.
	Timeout time.Duration `yaml:"timeout" default:"30s" above:"0"`
	// Pause between signs of life on an idle connection.
	KeepAlive time.Duration `yaml:"keep_alive" default:"30s" above:"0"`

	KeyText Secret `yaml:"-"` // the private key itself, from wherever Key says; Key is "file:" and an absolute path after loading, or the reference
}

// Route is inbox → reader → mapping → operation of an account → outbox.
type Route struct {
	Name string `yaml:"-"`

	// Name of the account that sends.
	Account string `yaml:"account" required:"true" example:"otms"`
	// The provider's operation, as `rowferry providers show` lists it.
	Operation string `yaml:"operation" required:"true" example:"shipPointRemove"`
	// Language of this route's messages and results; without it that of the configuration.
	Language batch.Language `yaml:"language" enum:"en,zh,ru"`
	// Where files come from.
	Inbox Inbox `yaml:"inbox" required:"true"`
	// Where results go.
	Outbox Outbox `yaml:"outbox" required:"true"`
	// Time zone of the times in results; without it UTC.
	TimeZone string `yaml:"time_zone" example:"Asia/Shanghai"`
	// When a file should have come; where none has, a notice says so.
	Expect *Expect `yaml:"expect"`
	// A folder whose files are checked and never sent.
	Preview Preview `yaml:"preview"`
	// How files are read. Everything is detected where it is not given.
	Read Read `yaml:"read"`
	// What fills the operation's fields: field path → heading, list of headings, or a mapping with the keys below. Headings that match the provider's own names need none.
	Map map[string]Mapping `yaml:"map"`
	// Heading of the column whose equal values make rows one document, only where the operation groups by a column that is not a field.
	Group string `yaml:"group" example:"主单号"`
	// Fields that the provider's document presumes to be required and that you know to be optional.
	Optional []string `yaml:"optional" example:"[contactPhone]"`
	// Fields with private data, by the same paths as in map: sealed in what is stored of requests, and *** in what is shown of them and of answers. A path names all that is below it. The sender's own file, and the results made of it, keep their columns.
	Mask []string `yaml:"mask" example:"[consignee.name, consignee.phone]"`
	// Wait for a state that does not allow the call yet, instead of taking the refusal as final.
	Later *Later `yaml:"later"`
	// What becomes of rows that an earlier file, or an earlier row, sent already: skip, send, or a mapping with the keys below.
	Repeats Repeats `yaml:"repeats"`
	// Bounds of one file.
	Limits RouteLimits `yaml:"limits"`
}

// Repeats says what becomes of rows whose request was sent before, whichever file brought it.
type Repeats struct {
	// Hold them back (skip) or let them go with a note (send). Without it what the provider's document says, else skip for operations that may not be repeated, or whose requests have a key of their own (fill: id), and send for others.
	Mode string `yaml:"mode" enum:"skip,send" short:"true"`
	// How long a request is remembered.
	Within time.Duration `yaml:"within" default:"720h" above:"0"`
}

// Inbox is where a route's files come from.
type Inbox struct {
	// Folder on this machine, or on the SFTP server.
	Dir string `yaml:"dir" required:"true" example:"inbox/ship-points"`
	// Name of an sftp entry; without it the folder is on this machine.
	SFTP string `yaml:"sftp" example:"partner"`
	// Names of the machines that reach the folder, where several share a ledger and not all do; without it all do. One of the machines that every on names takes the files of all routes.
	On []string `yaml:"on" example:"[east-1, east-2]"`
	// How long a file must stay unchanged before it is taken.
	Settle time.Duration `yaml:"settle" default:"2s"`
	// Names of the files to take, with * and ? as wildcards. What a file is, is known by its content: what cannot be read goes to quarantine, which says what to send instead. With read: {unzip: true} also *.zip.
	Match []string `yaml:"match" default:"*.csv,*.xlsx,*.xlsm,*.xml,*.xls,*.xlsb,*.ods,*.fods" example:"[\"orders-*.csv\"]"`
	// Pause between looks: 2s for a folder on this machine, 1m for SFTP, when not given.
	Every time.Duration `yaml:"every" example:"1m" above:"0"`
	// When to look, as five cron fields, instead of every.
	Schedule string `yaml:"schedule" example:"\"*/5 8-18 * * MON-FRI\""`
	// Time zone of the schedule; without it that of the machine.
	TimeZone string `yaml:"time_zone" example:"Europe/Moscow"`
	// Name of a marker that the sender writes when a file is complete; {name} is the file's name.
	Done string `yaml:"done" example:"\"{name}.done\""`
	// How long a file may stay unchanged and incomplete before it goes to quarantine.
	Patience time.Duration `yaml:"patience" default:"10m" above:"0"`
	// What becomes of a file that was taken.
	After string `yaml:"after" default:"archive" enum:"archive,delete,keep"`
}

// Outbox is where a route's results go.
type Outbox struct {
	// Folder on this machine, or on the SFTP server.
	Dir string `yaml:"dir" required:"true" example:"outbox/ship-points"`
	// Name of an sftp entry; without it the folder is on this machine.
	SFTP string `yaml:"sftp" example:"partner"`
	// How results are written: rename, under a temporary name that becomes the final one; direct, once and under the final name, for servers that permit no renaming.
	Write string `yaml:"write" default:"rename" enum:"rename,direct"`
	// Kinds of result files.
	Formats []string `yaml:"formats" default:"csv,summary" enum:"csv,xlsx,summary" example:"[csv, xlsx]"`
	// Headings and outcome words of the CSV result: english, the same for everybody, or local, in the route's language. Both are understood when a result comes back.
	Words string `yaml:"words" default:"english" enum:"english,local" example:"local"`
	// Where our columns stand in a result workbook: right of the sender's, in the sender's own file; or left, where they are seen first: the workbook is a new one then, because moving cells of the sender's could break it. In a CSV they always stand at the left.
	Columns string `yaml:"columns" default:"right" enum:"right,left" example:"left"`
}

// Preview is a folder whose files are checked and never sent.
type Preview struct {
	// Folder on this machine, or on the SFTP server. The result of the check appears in the route's outbox.
	Dir string `yaml:"dir" example:"preview/ship-points"`
	// Name of an sftp entry; without it the folder is on this machine.
	SFTP string `yaml:"sftp" example:"partner"`
}

// Read is how files are read; all optional.
type Read struct {
	// Workbook: name or number of the sheet, first: the first that fits, or all: every one that fits. Without it the only sheet whose heading fits the route.
	Sheet string `yaml:"sheet" example:"1" number:"true"`
	// Row of the headings: auto, none, or its number.
	Header string `yaml:"header" example:"auto" number:"true"`
	// CSV and XML, .xls before Excel 97, and HTML or XML under that name: auto, or the name of an encoding.
	Encoding string `yaml:"encoding" example:"gb18030"`
	// CSV: auto, tab, or one character.
	Delimiter string `yaml:"delimiter" example:"\";\""`
	// CSV: auto, none, or one character.
	Quote string `yaml:"quote" example:"auto"`
	// CSV: the character that escapes a quote; without it a quote is doubled.
	Escape string `yaml:"escape" example:"'\\'"`
	// XML: path of the repeated element, with or without the root's name. Without it the only element that fits the route.
	Record string `yaml:"record" example:"shipPoints/shipPoint"`
	// Open zip archives: the one table in them that fits the route is read.
	Unzip bool `yaml:"unzip" example:"true"`
	// Of a zip archive: the name of the table that is meant, with * and ? as wildcards, or first: the first that fits. Without it an archive with several that fit is held.
	Member string `yaml:"member" example:"\"orders-*.csv\""`
	// A file without rows: accept gives a result that says so, refuse puts it into quarantine.
	Empty string `yaml:"empty" enum:"accept,refuse" default:"accept"`
}

// Mapping is what fills one field: a heading, a list of headings, or one of the keys below.
type Mapping struct {
	// The heading, or several: the first that the file has is used. Of a list of plain values, such as the lines of an address,
	// each that the file has gives one element, in this order; blank cells give none.
	From []string `yaml:"from" example:"类型"`
	// A constant.
	Value *string `yaml:"value" example:"\"0\""`
	// An expression over row and value.
	Expr string `yaml:"expr" example:"'upper(row[\"State\"])'"`
	// What each value becomes. A value that is not listed makes the row invalid.
	Lookup map[string]string `yaml:"lookup" example:"\"0\""`
	// Ways in which the value's date may be written, as Go writes them (2006 is the year, 01 or 1 the month, 02 or 2 the day).
	Date []string `yaml:"date" example:"[\"2006/1/2\", \"02.01.2006\"]"`
	// Time zone of dates with a time that name none, such as all that a workbook has: the value is sent with it. A time that the
	// zone's clocks skip or show twice makes the row invalid.
	Zone string `yaml:"zone" example:"Europe/Berlin"`
	// Remove blanks around the value; true when not given.
	Trim *bool `yaml:"trim" example:"false"`
	// Turn the value into capital letters.
	Upper bool `yaml:"upper" example:"true"`
	// Turn the value into small letters.
	Lower bool `yaml:"lower" example:"true"`
	// How the value is written in the request, where the provider's document leaves it open: its first type when not given.
	As string `yaml:"as" enum:"text,number"`
	// What to use when the value is blank.
	Blank string `yaml:"default" example:"\"0\""`
}

// Later says how long to wait for a state that does not allow the call yet.
type Later struct {
	// Pause between tries.
	Every time.Duration `yaml:"every" default:"30m" above:"0"`
	// How long to try before the rows are rejected.
	For time.Duration `yaml:"for" default:"24h" above:"0"`
}

// RouteLimits bound one file.
type RouteLimits struct {
	// Most rows of a file; a longer one goes to quarantine.
	MaxRows int `yaml:"max_rows" default:"100000" range:"1 20000000"`
	// This many equal refusals in a row, or rows whose outcome is unknown, pause the file; 0 never does.
	StopAfter int `yaml:"stop_after" default:"50" range:"0 1000000"`
}

// ProviderOf returns the compiled provider of an account, nil when there is none of this name.
func (c *Config) ProviderOf(account string) *providers.Provider { return c.compiled[account] }
