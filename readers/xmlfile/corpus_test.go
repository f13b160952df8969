package xmlfile

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/words"
)

const corpus = "../../../shared/corpus"

type expected struct {
	Root   string      `json:"root"`
	Flat   [][]*string `json:"flattened"`
	Record *struct {
		Parent []string    `json:"parent_path"`
		Tag    string      `json:"tag"`
		Count  int         `json:"count"`
		First  [][]*string `json:"first_record"`
		Last   [][]*string `json:"last_record"`
	} `json:"most_repeated_child"`
}

// Every XML file that other people wrote is read, or refused, as the corpus's own truth says.
func TestCorpus(t *testing.T) {
	manifest, err := os.Open(filepath.Join(corpus, "MANIFEST.tsv"))
	if err != nil {
		t.Fatalf("the corpus must lie beside the repository, in ../shared/corpus: %v", err)
	}
	defer manifest.Close()
	lines := bufio.NewScanner(manifest)
	lines.Buffer(nil, 1<<20)
	seen := 0
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 4 || !strings.HasPrefix(f[0], "xml/") {
			continue
		}
		seen++
		t.Run(filepath.Base(f[0]), func(t *testing.T) {
			var want expected
			text, err := os.ReadFile(filepath.Join(corpus, f[3]))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			judge(t, filepath.Join(corpus, f[0]), f[2], want)
		})
	}
	if seen < 20 {
		t.Fatalf("%d XML files in the corpus", seen)
	}
}

func judge(t *testing.T, path, verdict string, want expected) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	table, rows, err := readAll(t, string(content), readers.Settings{})
	if err != nil {
		u, ok := errors.AsType[*batch.Unreadable](err)
		if !ok {
			t.Fatalf("%T: %v", err, err)
		}
		said := words.Say(batch.English, u.Message)
		t.Log(said)
		if verdict == "must-read" {
			t.Errorf("refused: %s", said)
		}
		if strings.HasPrefix(said, "xml.") || strings.Contains(said, "{line}") {
			t.Errorf("no sentence: %s", said)
		}
		return
	}
	if verdict == "must-reject-with-clear-error" {
		t.Fatalf("%d rows were read from a file that must be refused", len(rows))
	}
	r := want.Record
	if r == nil {
		if len(rows) != 1 {
			t.Errorf("%d rows from a document in which nothing repeats", len(rows))
		}
		return
	}
	if len(rows) != r.Count {
		t.Errorf("%d rows, want %d of %s", len(rows), r.Count, r.Tag)
		return
	}
	compare(t, table, rows[0], r.First)
	compare(t, table, rows[len(rows)-1], r.Last)
}

var space = regexp.MustCompile(`\{[^}]*\}`)

// compare finds each value of the independent readers in the cell that bears its path.
func compare(t *testing.T, table readers.Table, row batch.Row, want [][]*string) {
	t.Helper()
	got := map[string]string{}
	for i, c := range table.Columns() {
		got[c.Ref] = row.Cells[i].Text
	}
	seen := map[string]int{}
	for _, pair := range want {
		path := strings.TrimPrefix(space.ReplaceAllString(*pair[0], ""), "/")
		if pair[1] == nil {
			continue
		}
		seen[path]++
		if seen[path] > 1 || strings.Contains(path, "[") {
			continue // repeated elements: their own tests
		}
		if strings.TrimSpace(got[path]) != strings.TrimSpace(*pair[1]) {
			t.Errorf("%s: %q, want %q", path, got[path], *pair[1])
		}
	}
	if len(seen) == 0 {
		t.Error("nothing was compared")
	}
}

func file(content string) readers.File {
	return readers.File{Name: "test.xml", Size: int64(len(content)), ReaderAt: strings.NewReader(content)}
}

func readAll(t testing.TB, content string, s readers.Settings) (readers.Table, []batch.Row, error) {
	t.Helper()
	table, err := New().Open(context.Background(), file(content), s)
	if err != nil {
		return nil, nil, err
	}
	defer table.Close()
	var rows []batch.Row
	for row, err := range table.Rows() {
		if err != nil {
			return table, rows, err
		}
		if len(row.Cells) != len(table.Columns()) {
			t.Fatalf("row %d has %d cells for %d columns", row.Number, len(row.Cells), len(table.Columns()))
		}
		rows = append(rows, batch.Row{Number: row.Number, Cells: append([]batch.Cell(nil), row.Cells...)})
	}
	return table, rows, nil
}
