package readers

import (
	"encoding/binary"
	"strings"
)

// oleKind names what lies in an OLE container: an encrypted workbook, an old .xls (perhaps encrypted), something else.
func oleKind(f File, head []byte) Kind {
	if len(head) < 512 {
		return OLE
	}
	o := ole{f: f, shift: uint(binary.LittleEndian.Uint16(head[30:]))}
	if o.shift != 9 && o.shift != 12 {
		return OLE
	}
	for i := range 109 {
		o.fat = append(o.fat, binary.LittleEndian.Uint32(head[76+4*i:]))
	}
	o.more(binary.LittleEndian.Uint32(head[68:]))
	found := map[string]uint32{}
	sector := binary.LittleEndian.Uint32(head[48:])
	for range 512 {
		block := o.sector(sector)
		if block == nil {
			break
		}
		for e := block; len(e) >= 128; e = e[128:] {
			n := int(binary.LittleEndian.Uint16(e[64:]))
			if n < 4 || n > 64 || e[66] == 0 {
				continue
			}
			found[strings.ToLower(utf16s(binary.LittleEndian)(e[:n-2]))] = binary.LittleEndian.Uint32(e[116:])
		}
		sector = o.next(sector)
	}
	_, encrypted := found["encryptedpackage"]
	_, info := found["encryptioninfo"]
	if encrypted || info {
		return Encrypted
	}
	for _, name := range []string{"workbook", "book"} {
		start, ok := found[name]
		if !ok {
			continue
		}
		if filePass(o.sector(start)) {
			return LockedXLS
		}
		return XLS
	}
	return OLE
}

// filePass reports whether the first records of a workbook stream say that the rest is encrypted.
func filePass(b []byte) bool {
	for range 16 {
		if len(b) < 4 {
			return false
		}
		id, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if id == 0x2f {
			return true
		}
		if len(b) < 4+n {
			return false
		}
		b = b[4+n:]
	}
	return false
}

// ole walks the sectors of a compound file, as far as finding its streams' names needs.
type ole struct {
	f     File
	shift uint
	fat   []uint32 // sectors that hold the allocation table
}

func (o *ole) sector(n uint32) []byte {
	if n >= 0xfffffffa {
		return nil
	}
	b := make([]byte, 1<<o.shift)
	got, _ := o.f.ReadAt(b, (int64(n)+1)<<o.shift)
	if got < 128 {
		return nil
	}
	return b[:got]
}

// more follows the chain of sectors that list further table sectors.
func (o *ole) more(n uint32) {
	for range 64 {
		b := o.sector(n)
		if len(b) < 1<<o.shift {
			return
		}
		last := len(b) - 4
		for i := 0; i < last; i += 4 {
			o.fat = append(o.fat, binary.LittleEndian.Uint32(b[i:]))
		}
		n = binary.LittleEndian.Uint32(b[last:])
	}
}

func (o *ole) next(n uint32) uint32 {
	per := uint32(1) << (o.shift - 2)
	if int(n/per) >= len(o.fat) {
		return 0xfffffffe
	}
	b := o.sector(o.fat[n/per])
	at := int(n%per) * 4
	if at+4 > len(b) {
		return 0xfffffffe
	}
	return binary.LittleEndian.Uint32(b[at:])
}
