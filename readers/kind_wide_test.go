package readers

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// A file of mostly Chinese text in UTF-16 without a mark has few zero bytes, all of them on one side.
func TestKindOfWideTextWithoutAMark(t *testing.T) {
	text := strings.Repeat("客户查询号,类型,外部识别码\n订单编号一二三四五六七八,提货点,九十\n", 20)
	for name, order := range map[string]binary.AppendByteOrder{"little endian": binary.LittleEndian, "big endian": binary.BigEndian} {
		var content []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			content = order.AppendUint16(content, unit)
		}
		c, err := Examine(File{Name: "orders.csv", Size: int64(len(content)), ReaderAt: strings.NewReader(string(content))})
		if err != nil || c.Kind != CSV {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

// In UTF-32 without a mark letters beyond Latin fill the second byte of four, and those beyond U+FFFF the third.
func TestKindOfUTF32WithoutAMark(t *testing.T) {
	for _, text := range []string{"order,name\nA-1,Ann\n", "客户查询号,类型\n订单编号一二三四五,提货点\n", "Получатель;Город\nГоршков;Тула\n", "order,note\nA-1,🚚🚚🚚\n"} {
		for name, order := range map[string]binary.AppendByteOrder{"little endian": binary.LittleEndian, "big endian": binary.BigEndian} {
			var content []byte
			for _, r := range strings.Repeat(text, 20) {
				content = order.AppendUint32(content, uint32(r))
			}
			c, err := Examine(File{Name: "orders.csv", Size: int64(len(content)), ReaderAt: strings.NewReader(string(content))})
			if err != nil || c.Kind != CSV {
				t.Errorf("%s, %s: %+v, %v", name, text, c, err)
			}
		}
	}
}
