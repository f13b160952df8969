package providers

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
)

// What cannot be had of a description is told, and what a person must know of the rest.
func TestWhatIsTold(t *testing.T) {
	d, err := Draw("../pipeline/testdata/theirs/quay.yaml", "bookSlot", filepath.Join(t.TempDir(), "ours.yaml"))
	if err != nil || d.Provider == nil {
		t.Fatal(err, d)
	}
	told := strings.Join(d.Provider.Told(batch.English), "\n")
	for _, want := range []string{"seals needs at least 4 elements", "(?!", "meta is required, and only columns meta.NAME fill it", "https://quay.example/errors.yaml lies on the network"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
	op := d.Provider.Operations[0]
	code, _ := op.Field("code")
	for text, fits := range map[string]bool{"EUR": true, "eur": false} {
		if _, _, bad := code.Append(nil, text, batch.String); (bad == nil) != fits {
			t.Errorf("%s: what the pattern says beside its look-ahead: %v", text, bad)
		}
	}
	if f, _ := op.Field("reason"); f == nil || !slices.Equal(f.Schema.Enum, []string{"AM", "AN"}) || f.Help.EN != "AM: cancelled; AN: duplicate" {
		t.Errorf("%+v", f)
	}
	if path := op.Paths["json"]; path != "/{version}/slots/{slot}" || d.Provider.Server("production") != "https://api.quay.example/berths" {
		t.Error(path, d.Provider.Servers)
	}
}

// Holes of paths and of addresses that nothing fills are mistakes; one that the description forgot can be opened.
func TestHoles(t *testing.T) {
	theirs := func(server string) map[string]string {
		return map[string]string{"theirs.yaml": "openapi: 3.0.0\ninfo: {title: x, version: \"1\"}\nservers: [{url: '" + server + "'}]\npaths:\n" +
			"  /a/{b}: {delete: {operationId: a, parameters: [{name: b, in: path, required: true, schema: {type: string}}, {name: gone, in: path, required: true, schema: {type: string}}]}}\n" +
			"  /c/{d}: {delete: {operationId: c}}\n"}
	}
	if _, err := extended(t, theirs("https://x.example/{region}")); err == nil || !strings.Contains(err.Error(), "{region}") {
		t.Errorf("a hole of the address: %v", err)
	}
	p, err := extended(t, theirs("https://x.example"))
	if err != nil || len(p.Operations[0].Parameters) != 1 || len(p.Warnings) != 1 {
		t.Errorf("a parameter without a hole: %v %v", err, p)
	}
	for text, want := range map[string]string{"c: {}": "{d}", "c: {map: {path.d: {schema: {type: string, maxLength: 3}}}}": ""} {
		files := theirs("https://x.example")
		files["ours.yaml"] = "extends: ./theirs.yaml\nx-rowferry: {name: x}\noperations: {" + text + "}\n"
		_, err := extended(t, files)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
