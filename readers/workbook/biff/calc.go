package biff

import (
	"bytes"
	"encoding/binary"
)

// LibreOffice and OpenOffice keep 0 in .xls as the result of a formula that gives a text, unless it was typed in the same session. Whether
// such a 0 is one, the formula tells.

// ofCalc reports whether LibreOffice or OpenOffice wrote the workbook: in the place of its user's name stands the program's, whoever uses it.
func ofCalc(user []byte) bool {
	return bytes.HasPrefix(user, []byte("\x04\x00\x00Calc ")) && len(bytes.Trim(user[3:], " ")) == len("Calc")
}

// ofXlwt reports whether Python's xlwt wrote the workbook: its user is called None, and no length stands before the name. It gives every
// formula the empty text, and does not ask for it to be calculated.
func ofXlwt(user []byte) bool {
	return bytes.HasPrefix(user, []byte("None")) && len(bytes.Trim(user, " ")) == len("None")
}

// mayGiveText reports whether a formula of version 8, taken apart in the order in which it is calculated, may give a text. What it does not
// know may.
func mayGiveText(t []byte) bool {
	var texts []bool // for each value that is not used yet, whether it may be a text
	give := func(uses int, text bool) bool {
		if uses > len(texts) {
			return false
		}
		texts = append(texts[:len(texts)-uses], text)
		return true
	}
	for len(t) > 0 {
		id, known := t[0], true
		if id >= 0x40 { // the same, by what becomes of its value
			id = id&0x1f | 0x20
		}
		size := sizes[id]
		if size == 0 || len(t) < size {
			return true
		}
		switch {
		case id >= tokenAdd && id <= tokenUnequal:
			known = give(2, id == tokenConcat)
		case id == tokenMinus, id == tokenPercent:
			known = give(1, false)
		case id == tokenPlus, id == tokenParentheses: // +A2 is A2, whatever it is
		case id == tokenText:
			if size += int(t[1]) << (t[2] & 1); len(t) < size {
				return true
			}
			known = give(0, true)
		case id == tokenAttribute && t[1]&ofChoose != 0:
			if size += 2 + 2*int(binary.LittleEndian.Uint16(t[2:])); len(t) < size {
				return true
			}
		case id == tokenAttribute:
			known = t[1]&ofSum == 0 || give(1, false)
		case id == tokenFixed:
			f, listed := fixed[binary.LittleEndian.Uint16(t[1:])]
			known = listed && give(f.uses, f.text)
		case id == tokenCalled:
			n := int(t[1] & 0x7f)
			if n > len(texts) {
				return true
			}
			known = give(n, called(binary.LittleEndian.Uint16(t[2:])&0x7fff, texts[len(texts)-n:]))
		case id <= tokenNumber: // an error, a truth value, a number; nothing between two commas
			known = give(0, false)
		default: // what stands in other cells
			known = give(0, true)
		}
		if !known {
			return true
		}
		t = t[size:]
	}
	return len(texts) != 1 || texts[0]
}

// Parts of formulas.
const (
	tokenAdd         = 0x03
	tokenConcat      = 0x08
	tokenUnequal     = 0x0e
	tokenPlus        = 0x12
	tokenMinus       = 0x13
	tokenPercent     = 0x14
	tokenParentheses = 0x15
	tokenNothing     = 0x16
	tokenText        = 0x17
	tokenAttribute   = 0x19
	tokenNumber      = 0x1f
	tokenFixed       = 0x21 // a function that always takes as many values
	tokenCalled      = 0x22 // one that says how many it takes
	ofChoose         = 0x04
	ofSum            = 0x10
)

// sizes are the bytes of each part, but for what stands within a text or a choice; 0: unknown.
var sizes = func() (n [64]int) {
	for id := tokenAdd; id <= tokenNothing; id++ {
		n[id] = 1
	}
	for id, size := range map[int]int{tokenText: 3, tokenAttribute: 4, 0x1c: 2, 0x1d: 2, 0x1e: 3, tokenNumber: 9, tokenFixed: 3, tokenCalled: 4,
		0x23: 5, 0x24: 5, 0x25: 9, 0x2a: 5, 0x2b: 9, 0x2c: 5, 0x2d: 9, 0x39: 7, 0x3a: 7, 0x3b: 11, 0x3c: 7, 0x3d: 11} {
		n[id] = size
	}
	n[0x0f], n[0x10], n[0x11] = 0, 0, 0 // of ranges
	return n
}()

// function is what a function takes and gives.
type function struct {
	uses int
	text bool
}

// fixed are functions by their numbers.
var fixed = func() map[uint16]function {
	out := map[uint16]function{}
	for uses, ids := range [][]uint16{
		{19, 34, 35, 63, 74, 221}, // PI, TRUE, FALSE, RAND, NOW, TODAY
		{2, 3, 20, 24, 25, 26, 32, 33, 38, 67, 68, 69, 71, 72, 73, 76, 77, 121, 126, 127, 128, 129, 131, 140, 190, 347}, // ISNA, ISERROR, …, ABS, LEN, VALUE, DAY, …
		{27, 39, 117, 212, 213, 285, 288, 325, 326, 337, 346},                                                           // ROUND, MOD, EXACT, …, COUNTIF
		{65, 66}, // DATE, TIME
	} {
		for _, id := range ids {
			out[id] = function{uses, false}
		}
	}
	for uses, ids := range [][]uint16{1: {111, 112, 113, 114, 118, 130, 162}, 2: {30, 48}, 3: {31}, 4: {119}} { // CHAR, LOWER, UPPER, …, TEXT, MID, REPLACE
		for _, id := range ids {
			out[id] = function{uses, true}
		}
	}
	return out
}()

// numeric are COUNT, SUM, AVERAGE, MIN, MAX, ROW, COLUMN, AND, OR, MATCH, WEEKDAY, SEARCH, FIND, COUNTA, PRODUCT, TRUNC, MEDIAN, SUMPRODUCT, SUBTOTAL, SUMIF.
var numeric = map[uint16]bool{0: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 36: true, 37: true, 64: true, 70: true, 82: true, 124: true,
	169: true, 183: true, 197: true, 227: true, 228: true, 344: true, 345: true}

// called reports whether a function of these values may give a text.
func called(id uint16, values []bool) bool {
	const condition, choice = 1, 100 // IF, CHOOSE
	if id != condition && id != choice {
		return !numeric[id]
	}
	for _, text := range values[min(1, len(values)):] {
		if text {
			return true
		}
	}
	return len(values) < 2
}
