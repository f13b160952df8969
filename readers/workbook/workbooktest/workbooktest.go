// Package workbooktest makes workbooks for tests byte by byte: honest ones of any size, and such that lie.
package workbooktest

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// Record is one record of a .xls: its number, its length, its data.
func Record(id int, data ...[]byte) []byte {
	content := bytes.Join(data, nil)
	b := binary.LittleEndian.AppendUint16(nil, uint16(id))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(content)))
	return append(b, content...)
}

// U16 and U32 are numbers as records hold them, the lowest byte first.
func U16(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func U32(values ...int) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// F64 is a number of eight bytes.
func F64(v float64) []byte { return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)) }

// Wide is a text of BIFF 8 behind its length: flags and two bytes a letter.
func Wide(s string) []byte {
	units := utf16.Encode([]rune(s))
	b := append(U16(len(units)), 1)
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// What records begin with.
var (
	BeginGlobals = Record(0x809, U16(0x600, 5, 0, 0), U32(0, 0))
	BeginSheet   = Record(0x809, U16(0x600, 0x10, 0, 0), U32(0, 0))
	End          = Record(0x0a)
)

// XLS is a workbook of one sheet, "Data", in a compound file. globals are records of the workbook, cells those of the sheet.
func XLS(globals, cells []byte) []byte {
	name := append([]byte{0, 0, 4, 0}, "Data"...)
	head := len(BeginGlobals) + len(globals) + 4 + 4 + len(name) + len(End)
	stream := bytes.Join([][]byte{BeginGlobals, globals, Record(0x85, U32(head), name), End, BeginSheet, cells, End}, nil)
	return Compound("Workbook", stream)
}

const (
	sector     = 512
	endOfChain = 0xfffffffe
	free       = 0xffffffff
)

// Compound is a compound file with one stream.
func Compound(name string, stream []byte) []byte {
	if len(stream) < 4096 {
		stream = append(bytes.Clone(stream), make([]byte, 4096-len(stream))...)
	}
	data := (len(stream) + sector - 1) / sector
	tables := 1
	for tables*sector/4 < data+1+tables {
		tables++
	}
	more := 0 // sectors that list further tables
	if tables > 109 {
		more = (tables - 109 + 126) / 127
		for tables*sector/4 < data+1+tables+more {
			tables++
		}
	}
	var b bytes.Buffer
	b.WriteString("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	b.Write(make([]byte, 16))
	b.Write(U16(0x3e, 3, 0xfffe, 9, 6, 0, 0, 0))
	firstMore := endOfChain
	if more > 0 {
		firstMore = data + 1 + tables
	}
	b.Write(U32(0, tables, data, 0, 4096, endOfChain, 0, firstMore, more))
	for i := range 109 {
		if i < tables {
			b.Write(U32(data + 1 + i))
		} else {
			b.Write(U32(free))
		}
	}
	b.Write(stream)
	b.Write(make([]byte, data*sector-len(stream)))
	entry := func(name string, kind byte, child, start, size int) {
		var e [128]byte
		for i, u := range utf16.Encode([]rune(name)) {
			binary.LittleEndian.PutUint16(e[2*i:], u)
		}
		binary.LittleEndian.PutUint16(e[64:], uint16(2*len(name)+2))
		e[66], e[67] = kind, 1
		copy(e[68:], U32(free, free, child))
		copy(e[116:], U32(start, size))
		b.Write(e[:])
	}
	entry("Root Entry", 5, 1, endOfChain, 0)
	entry(name, 2, free, 0, len(stream))
	b.Write(make([]byte, 256))
	next := make([]int, 0, tables*sector/4)
	for i := range data {
		next = append(next, i+1)
	}
	next[data-1] = endOfChain
	next = append(next, endOfChain)
	for range tables {
		next = append(next, 0xfffffffd)
	}
	for range more {
		next = append(next, 0xfffffffc)
	}
	for len(next) < tables*sector/4 {
		next = append(next, free)
	}
	b.Write(U32(next...))
	for i := range more {
		for j := range 127 {
			if t := 109 + i*127 + j; t < tables {
				b.Write(U32(data + 1 + t))
			} else {
				b.Write(U32(free))
			}
		}
		if i+1 < more {
			b.Write(U32(data + 1 + tables + i + 1))
		} else {
			b.Write(U32(endOfChain))
		}
	}
	return b.Bytes()
}

// Strings are shared strings as records: SST and as many CONTINUE as are needed. Every text is in one record.
func Strings(texts []string) []byte {
	const most = 8200
	id, out := 0xfc, []byte(nil)
	part := U32(len(texts), len(texts))
	for _, t := range texts {
		w := Wide(t)
		if len(part)+len(w) > most {
			out = append(out, Record(id, part)...)
			id, part = 0x3c, nil
		}
		part = append(part, w...)
	}
	return append(out, Record(id, part)...)
}
