// Package html opens web pages as workbooks: what many programs write under the name .xls. Each table that shows something is
// a sheet; one within another is a sheet of its own.
package html

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/table"
	"github.com/rowferry/rowferry/readers/workbook/grid"
	"github.com/rowferry/rowferry/readers/workbook/markup"
)

// part is how messages call what is read.
const part = "HTML"

// Container is HTML under any name.
var Container = grid.Container{
	Traits: readers.Traits{Name: "html", Knows: func(c *readers.Content) bool { return c.Kind == readers.HTML }, Grid: true},
	Open:   Open,
}

type book struct {
	text   *markup.Text
	rules  grid.Rules
	limits readers.Limits
	grid.Contents
}

// What an honest page stays far below.
const maxTables = 10_000

// Open reads the page once, to know its tables. A page without a table is refused; so is one that ends within one.
func Open(f readers.File, s readers.Settings) (grid.Book, error) {
	text, err := markup.Open(f, s.Encoding)
	if err != nil {
		return nil, err
	}
	b := &book{text: text, rules: grid.RulesFor(s.Limits), limits: s.Limits}
	if err := b.survey(); err != nil {
		return nil, err
	}
	if len(b.Listed) == 0 {
		return nil, readers.Refuse("kind.html_no_table")
	}
	return b, nil
}

// survey finds the tables that show something.
func (b *book) survey() error {
	p := b.page(0)
	type level struct {
		grid.Listed
		filled, cell, caption bool
		name                  []byte
	}
	var open []level
	for n := 0; ; {
		at := p.at
		t, err := p.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if t.Type == html.StartTagToken && t.DataAtom == atom.Table {
			if n++; n > maxTables {
				return &grid.Error{Part: part, Reason: grid.TooMany, Limit: maxTables}
			}
			if len(open) == b.limits.Depth {
				return &grid.Error{Part: part, Reason: grid.TooDeep, Limit: b.limits.Depth}
			}
			open = append(open, level{Listed: grid.Listed{Tab: grid.Tab{Name: "Table " + strconv.Itoa(n), Hidden: invisible(t), Grid: true}, At: at}})
			continue
		}
		if len(open) == 0 {
			continue
		}
		top := &open[len(open)-1]
		switch {
		case t.Type == html.TextToken && top.cell:
			top.filled = top.filled || !table.Blank([]string{t.Data})
		case t.Type == html.TextToken && top.caption:
			if len(top.name) < 200 {
				top.name = appendText(top.name, t.Data)
			}
		case t.Type == html.StartTagToken:
			top.cell = top.cell || t.DataAtom == atom.Td || t.DataAtom == atom.Th
			top.caption = t.DataAtom == atom.Caption
		case t.Type == html.EndTagToken && t.DataAtom == atom.Caption:
			top.caption = false
		case t.Type == html.EndTagToken && t.DataAtom == atom.Table:
			if name := bytes.TrimSpace(top.name); len(name) > 0 {
				top.Name = grid.Shorten(string(name))
			}
			if top.filled {
				b.Listed = append(b.Listed, top.Listed)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return &batch.Unreadable{Message: batch.Message{Key: "workbook.html_open"}, Incomplete: true}
	}
	return nil
}

// invisible reports whether an element is not shown.
func invisible(t html.Token) bool {
	for _, a := range t.Attr {
		style := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
		if a.Key == "style" && strings.Contains(style, "display:none") || a.Key == "hidden" {
			return true
		}
	}
	return false
}

// page gives the tokens of the page, without what is no text of it: scripts, styles, comments on cells.
type page struct {
	z    *html.Tokenizer
	at   int64 // behind the current token
	mute bool  // within such
}

func (b *book) page(from int64) *page {
	p := &page{z: html.NewTokenizer(b.text.From(from)), at: from}
	p.z.SetMaxBuf(2*b.limits.Cell + 64<<10)
	return p
}

func (p *page) next() (html.Token, error) {
	for {
		kind := p.z.Next()
		p.at += int64(len(p.z.Raw()))
		if bytes.IndexByte(p.z.Raw(), 0) >= 0 {
			return html.Token{}, readers.Refuse("workbook.html_nul") // a sector that was never written: cells are lost in it
		}
		switch kind {
		case html.ErrorToken:
			err := p.z.Err()
			if errors.Is(err, html.ErrBufferExceeded) {
				err = &grid.Error{Part: part, Reason: grid.TooLong, Limit: "2 MiB"}
			}
			return html.Token{}, err
		case html.CommentToken:
			switch text := string(p.z.Text()); {
			case text == "[if !supportAnnotations]": // Excel puts the number of a cell's comment behind its value
				p.mute = true
			case text == "[endif]":
				p.mute = false
			}
			continue
		case html.DoctypeToken:
			continue
		}
		t := p.z.Token()
		switch t.DataAtom {
		case atom.Script, atom.Style, atom.Title, atom.Textarea, atom.Noscript:
			p.mute = t.Type == html.StartTagToken
			continue
		}
		if t.Data == "comment" && t.Type != html.TextToken { // LibreOffice writes a cell's comment so
			p.mute = t.Type == html.StartTagToken
			continue
		}
		if p.mute && t.Type == html.TextToken {
			continue
		}
		if t.Type == html.SelfClosingTagToken {
			t.Type = html.StartTagToken
		}
		return t, nil
	}
}

// appendText appends text with white space as a browser shows it: a run of it is one blank.
func appendText(dst []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n', '\f':
			if n := len(dst); n > 0 && dst[n-1] != ' ' && dst[n-1] != '\n' {
				dst = append(dst, ' ')
			}
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
