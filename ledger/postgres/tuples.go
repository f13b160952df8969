package postgres

import (
	"bytes"
	"encoding/binary"
)

// tuples are lines of a table in the binary form that COPY takes: one statement for all of them, which the database neither plans nor answers
// line by line. (pgx's own asks for the columns' types before each, and has every value in an interface.)
type tuples struct {
	columns string
	body    []byte
}

// tuplesOf begins lines with these columns. Nothing else in a line says what a value is, so each has its column's type.
func tuplesOf(columns string) *tuples {
	return &tuples{columns, append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)}
}

// row begins a line.
func (c *tuples) row(columns uint16) *tuples {
	c.body = binary.BigEndian.AppendUint16(c.body, columns)
	return c
}

func (c *tuples) size(n int) { c.body = binary.BigEndian.AppendUint32(c.body, uint32(n)) }

// bytes adds a bytea, or a uuid.
func (c *tuples) bytes(b []byte) *tuples {
	c.size(len(b))
	c.body = append(c.body, b...)
	return c
}

func (c *tuples) int8(n int64) *tuples {
	c.size(8)
	c.body = binary.BigEndian.AppendUint64(c.body, uint64(n))
	return c
}

func (c *tuples) int4(n int) *tuples {
	c.size(4)
	c.body = binary.BigEndian.AppendUint32(c.body, uint32(n))
	return c
}

func (c *tuples) bool(b bool) *tuples {
	c.size(1)
	c.body = append(c.body, 0)
	if b {
		c.body[len(c.body)-1] = 1
	}
	return c
}

// copy writes lines into a table. They are at an end with it.
func (w *writing) copy(table string, c *tuples) error {
	c.body = append(c.body, 0xff, 0xff)
	_, err := w.tx.Conn().PgConn().CopyFrom(w.ctx, bytes.NewReader(c.body), "COPY "+table+" ("+c.columns+") FROM STDIN BINARY")
	return err
}
