package configs

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
)

// The configuration that the design shows loads as it stands: only the account that a route uses needs its secrets.
func TestLoadsTheDesignsExample(t *testing.T) {
	t.Setenv("OTMS_LOGIN", "acme")
	t.Setenv("OTMS_PASSWORD", "s3cret")
	c := load(t, "testdata/good/design.yaml")
	r := c.Routes["ship-points"]
	if r.Name != "ship-points" || r.Inbox.Settle != 2*time.Second || r.Inbox.Every != 2*time.Second || r.Inbox.After != "archive" {
		t.Errorf("route: %+v", r)
	}
	if m := r.Map["type"]; m.Lookup["送货点"] != "1" || m.From[0] != "类型" {
		t.Errorf("type: %+v", m)
	}
	if r.Read.Sheet != "1" || r.Language != batch.English {
		t.Errorf("read: %+v, %s", r.Read, r.Language)
	}
	if got := c.Accounts["otms"].Credentials["password"].Reveal(); got != "s3cret" {
		t.Error("the password did not arrive")
	}
	if len(c.Warnings) < 6 {
		t.Errorf("variables of unused accounts give warnings; there are %d", len(c.Warnings))
	}
	for _, w := range c.Warnings {
		if strings.Contains(w.String(), "s3cret") || w.Line == 0 {
			t.Errorf("warning: %s", w)
		}
	}
}

func load(t *testing.T, path string) *Config {
	t.Helper()
	c := Load(path)
	if err := c.Verdict().Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func setExampleSecrets(t *testing.T) {
	for _, name := range []string{
		"OTMS_LOGIN", "OTMS_PASSWORD", "PARTNER_ID", "HGJ_TOKEN", "HGJ_STAFF", "HGJ_SECRET", "HGJ_RECEIPTS", "DELLIN_APPKEY", "DELLIN_LOGIN",
		"DELLIN_PASSWORD", "PARTNER_PASSWORD", "PARTNER_KEY", "PARTNER_PASSPHRASE",
	} {
		t.Setenv(name, "value of "+name)
	}
}

// The example configurations load without a warning, and the full one has every key.
func TestExamples(t *testing.T) {
	setExampleSecrets(t)
	for _, file := range []string{"first-route.yaml", "full.yaml", "sftp-partner.yaml"} {
		c := load(t, file)
		for _, w := range c.Warnings {
			t.Errorf("%s", w)
		}
	}
	text, err := os.ReadFile("full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var missing func(typ reflect.Type)
	seen := map[reflect.Type]bool{}
	missing = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Map, reflect.Pointer, reflect.Slice:
			missing(typ.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[typ] || typ == typeSecret {
			return
		}
		seen[typ] = true
		for name, f := range fieldsOf(typ) {
			if !strings.Contains(string(text), name+":") {
				t.Errorf("full.yaml does not show %s of %s", name, typ.Name())
			}
			missing(f.Type)
		}
	}
	missing(reflect.TypeFor[Config]())
}

// The example of the packages loads too, and has all its folders where their unit lets the service write.
func TestPackagedExample(t *testing.T) {
	c := load(t, "../packaging/rowferry.yaml")
	for _, w := range c.Warnings {
		t.Errorf("%s", w)
	}
	folders := []string{c.Data}
	for _, r := range c.Routes {
		folders = append(folders, r.Inbox.Dir, r.Outbox.Dir)
	}
	for _, folder := range folders {
		if !strings.HasPrefix(folder, "/var/lib/rowferry/") && !strings.HasPrefix(folder, "/srv/rowferry/") {
			t.Errorf("the service may not write to %s", folder)
		}
	}
}

// What is not given has the value that its tag says.
func TestDefaults(t *testing.T) {
	c := load(t, "first-route.yaml")
	here, _ := os.Getwd()
	r, a := c.Routes["failed-shipments"], c.Accounts["les"]
	for _, d := range []struct{ got, want any }{
		{c.Data, filepath.Join(here, "data")}, {c.Ledger, "sqlite"}, {c.Language, batch.English}, {c.Listen, ""},
		{a.Timeout, 30 * time.Second}, {a.Retry, Retry{24 * time.Hour, time.Second, 5 * time.Minute}},
		{a.Rate, "5/s"}, {a.Concurrency, 2}, // of the provider's document
		{r.Inbox.Dir, filepath.Join(here, "inbox/failed-shipments")}, {r.Inbox.Settle, 2 * time.Second}, {r.Inbox.Every, 2 * time.Second},
		{r.Inbox.Patience, 10 * time.Minute}, {r.Inbox.Match, []string{"*.csv", "*.xlsx", "*.xlsm", "*.xml", "*.xls", "*.xlsb", "*.ods", "*.fods"}}, {r.Inbox.After, "archive"},
		{r.Outbox.Formats, []string{"csv", "summary"}}, {r.Limits, RouteLimits{100000, 50}}, {r.Later == nil, true},
	} {
		if !reflect.DeepEqual(d.got, d.want) {
			t.Errorf("%v, want %v", d.got, d.want)
		}
	}
	if c.ProviderOf("les") == nil || c.ProviderOf("les").Name != "les" {
		t.Error("the account's provider is not at hand")
	}
}

// Short forms, anchors and environment variables outside of secrets.
func TestForms(t *testing.T) {
	t.Setenv("ROWFERRY_TEST_DIR", "/srv/files")
	dir := t.TempDir()
	c := load(t, write(t, dir, `
x-common: &common
  account: les
  operation: shipmentFailed
accounts:
  les: {provider: les, server: https://les.example.com}
routes:
  a:
    <<: *common
    inbox: {dir: "${ROWFERRY_TEST_DIR}/in", match: "*.csv"}
    outbox: {dir: "${ROWFERRY_TEST_DIR}/out", formats: csv}
    read: {header: 3, sheet: 01}
    later: {}
    map:
      one: Heading
      two: [A, "B ${x}"]
      three: {value: 007}
      four: 2024
      five: {from: ETD, date: "2006/1/2", trim: false, default: ""}
      six: {lookup: {yes: 1, no: }}
`))
	r := c.Routes["a"]
	if r.Account != "les" || r.Inbox.Dir != "/srv/files/in" || len(r.Inbox.Match) != 1 || r.Outbox.Formats[0] != "csv" {
		t.Errorf("%+v", r)
	}
	if r.Read.Header != "3" || r.Read.Sheet != "01" || *r.Later != (Later{30 * time.Minute, 24 * time.Hour}) {
		t.Errorf("%+v %+v", r.Read, r.Later)
	}
	m := r.Map
	if m["one"].From[0] != "Heading" || m["two"].From[1] != "B ${x}" || *m["three"].Value != "007" || m["four"].From[0] != "2024" {
		t.Errorf("%+v", m)
	}
	if *m["five"].Trim || m["five"].Date[0] != "2006/1/2" || m["six"].Lookup["yes"] != "1" {
		t.Errorf("%+v", m)
	}
}

func write(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "rowferry.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Secrets come from files too, trimmed; one that everybody may read, and one in the configuration itself, are warnings.
func TestSecretFilesAndWarnings(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("file modes are those of unix")
	}
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"closed": 0o600, "open": 0o644, "key": 0o600} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("  of "+name+"\n\n"), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	c := load(t, write(t, dir, `
accounts:
  otms:
    provider: otms
    server: http://otms.example.com
    rate: 20/s
    credentials: {login: acme, password: file:open}
  second:
    provider: otms
    credentials: {login: acme, password: in-the-file}
sftp:
  p: {host: h, user: u, key: file:key, passphrase: file:closed, host_key: SHA256:abc}
routes:
  a:
    account: otms
    operation: shipPointRemove
    time_zone: Etc/GMT+8
    inbox: {dir: in}
    outbox: {sftp: p, dir: out}
`))
	if got := c.Accounts["otms"].Credentials["password"].Reveal(); got != "of open" {
		t.Errorf("%q", got)
	}
	p := c.SFTP["p"]
	if p.KeyText.Reveal() != "of key\n" || p.Key != "file:"+filepath.Join(dir, "key") || p.Passphrase.Reveal() != "of closed" {
		t.Errorf("%q %q", p.KeyText.Reveal(), p.Key)
	}
	want := []string{"accounts.otms.credentials.password", "routes.a.time_zone"} // which everybody can read; which is behind UTC
	var got []string
	for _, w := range c.Warnings {
		got = append(got, w.Key)
		if strings.Contains(w.String(), "in-the-file") || strings.Contains(w.String(), "of open") {
			t.Errorf("a warning shows a secret: %s", w)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("warnings %v, want %v", got, want)
	}
	if !c.Accounts["second"].Credentials["password"].Literal() || c.Accounts["otms"].Credentials["password"].Literal() {
		t.Error("which secret stands in the configuration itself is not known")
	}
	if c.Accounts["second"].Server != "production" {
		t.Errorf("server %q", c.Accounts["second"].Server)
	}
}

// Others report their mistakes at the keys of the file.
func TestPositions(t *testing.T) {
	t.Setenv("OTMS_LOGIN", "a")
	t.Setenv("OTMS_PASSWORD", "b")
	c := load(t, "testdata/good/design.yaml")
	lines := strings.Split(string(must(os.ReadFile("testdata/good/design.yaml"))), "\n")
	for key, begins := range map[string]string{
		"routes.ship-points.map.type.lookup":           "lookup:",
		"routes.ship-points.map.clientReferenceNumber": "clientReferenceNumber:",
		"routes.ship-points.inbox.match[1]":            `"*.xlsx"`,
		"routes.ship-points.map.type.lookup.送货点":       "送货点:",
		"routes.ship-points.map.missing.expr":          "map:",
		"accounts.hgj.sign.over":                       "over:",
	} {
		at := c.source.find(key)
		if at.line == 0 || !strings.HasPrefix(string([]rune(lines[at.line-1])[at.column-1:]), begins) {
			t.Errorf("%s: %+v", key, at)
		}
	}
	if at := c.source.find("nothing.of.this"); at != (position{}) {
		t.Error("a key that is nowhere has a place")
	}
	v := c.Verdict()
	v.Add("routes.ship-points", batch.Mistake{Key: "map.type", What: batch.Message{Text: batch.Text{EN: "what"}}, Write: batch.Message{Text: batch.Text{EN: "write"}}})
	line := c.source.find("routes.ship-points.map.type").line
	if got := v.Err().Error(); got != fmt.Sprintf("testdata/good/design.yaml:%d:7: routes.ship-points.map.type: what; write", line) {
		t.Errorf("%s", got)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A secret shows its value to Reveal alone, however deep it lies.
func TestSecretsNeverShow(t *testing.T) {
	const value = "hunter2-hunter2"
	s := NewSecret(value)
	type outer struct {
		Public  Secret
		private Secret
		Deep    map[string]Secret
		List    []Secret
		Any     any
	}
	o := outer{s, s, map[string]Secret{"k": s}, []Secret{s}, &s}
	a := Account{Name: "a", Credentials: map[string]Secret{"password": s}, Headers: map[string]Secret{"h": s}}
	c := Config{Accounts: map[string]Account{"a": a}, SFTP: map[string]SFTP{"p": {Password: s, Passphrase: s, KeyText: s}}}
	var shown strings.Builder
	for _, v := range []any{s, &s, o, &o, a, &a, c, &c, []any{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		shown.Write(must(json.Marshal(v)))
		for _, h := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
			slog.New(h).Info("m", "v", v)
		}
		fmt.Fprintln(&shown, errors.New(fmt.Sprint(v)), fmt.Errorf("%v", v))
	}
	_ = o.private
	for _, leak := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if strings.Contains(shown.String(), leak) {
			t.Errorf("%q shows", leak)
		}
	}
	if !strings.Contains(shown.String(), hidden) || s.Reveal() != value || s.Empty() || !(Secret{}).Empty() {
		t.Error("Reveal")
	}
}

// Whatever stands in the file, loading ends with a configuration or with mistakes.
func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("../cmd/rowferry/testdata/mistakes/*.yaml")
	for _, name := range append(files, "full.yaml") {
		f.Add(must(os.ReadFile(name)))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "rowferry.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c := Load(path)
		var list *MistakesError
		if err := c.Verdict().Err(); err != nil && (!errors.As(err, &list) || len(list.Mistakes) == 0) {
			t.Fatalf("%v, %v", c, err)
		}
	})
}

// A service may start without a route where the first one can be made in its console, and nowhere else.
func TestTheFirstRouteMayBeMadeInTheConsole(t *testing.T) {
	dir := t.TempDir()
	load(t, write(t, dir, "console: {listen: \"127.0.0.1:8420\", routes: routes.d}\ninclude: [routes.d/*.yaml]\n"))
	for _, text := range []string{"data: data\n", "console: {listen: \"127.0.0.1:8420\"}\n", "console: {routes: routes.d}\nroutes:\n"} {
		err := Load(write(t, dir, text)).Verdict().Err()
		if err == nil || !strings.Contains(err.Error(), "at least one route") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
