package charset

import (
	"sync"

	hangulCode "golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// levels gives the level of each character of GB 2312: rows 16 to 55 are the usual ones, 56 to 87 the others.
var levels = sync.OnceValue(func() map[rune]uint8 {
	m := make(map[rune]uint8, 6763)
	d := simplifiedchinese.GBK.NewDecoder()
	for row := 0xb0; row <= 0xf7; row++ {
		for cell := 0xa1; cell <= 0xfe; cell++ {
			s, err := d.String(string([]byte{byte(row), byte(cell)}))
			if err != nil {
				continue
			}
			for _, r := range s {
				m[r] = 2
				if row < 0xd8 {
					m[r] = 1
				}
			}
		}
	}
	return m
})

// syllables are the 2350 that KS X 1001 has; the others are hardly ever written.
var syllables = sync.OnceValue(func() map[rune]bool {
	m := make(map[rune]bool, 2350)
	d := hangulCode.EUCKR.NewDecoder()
	for row := 0xb0; row <= 0xc8; row++ {
		for cell := 0xa1; cell <= 0xfe; cell++ {
			s, err := d.String(string([]byte{byte(row), byte(cell)}))
			if err != nil {
				continue
			}
			for _, r := range s {
				m[r] = true
			}
		}
	}
	return m
})
