package html_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook/html"
)

// Of a mail with a spreadsheet attached, what is written around it is not read in its place; a table in the mail itself is.
func TestMails(t *testing.T) {
	for name, want := range map[string]string{"attached.eml": "kind.mail", "text.eml": "kind.mail_alone", "table.eml": ""} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		book, err := html.OpenSingle(readers.File{Name: name, Size: int64(len(content)), ReaderAt: bytes.NewReader(content)}, readers.Settings{Limits: readers.DefaultLimits()})
		if refused, ok := errors.AsType[*batch.Unreadable](err); ok {
			got = refused.Message.Key
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			err = book.Close()
		}
		if got != want {
			t.Errorf("%s: %q, want %q (%v)", name, got, want, err)
		}
	}
}
