package charset

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// ByName returns the encoding that the WHATWG index, or one of the DOS code pages here, calls so. Excel saves
// "CSV (MS-DOS)" in the code page of the country, which the index has for Russian alone.
func ByName(name string) (encoding.Encoding, error) {
	if letters, ok := codePages[name]; ok {
		return codePage(letters), nil
	}
	e, err := htmlindex.Get(name)
	if e == simplifiedchinese.GB18030 {
		return gb18030{}, err
	}
	return e, err
}

// Named is the name that ByName knows the encoding of a route's `read: {encoding: …}` by; "" where it is to be found out. Those of
// UTF-16 and UTF-32 are names too, which ByName need not know.
func Named(setting string) (name string, known bool) {
	switch name = strings.ToLower(strings.TrimSpace(setting)); name {
	case "", "auto":
		return "", true
	case "utf-32le", "utf-32be", "utf-16le", "utf-16be":
		return name, true
	case "utf-16":
		return "utf-16le", true
	case "utf-32":
		return "utf-32le", true
	case "cp932", "windows-31j":
		return "shift_jis", true
	case "cp936":
		return "gb18030", true
	case "cp949", "uhc":
		return "euc-kr", true
	case "cp950":
		return "big5", true
	case "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1257":
		return "windows-" + name[2:], true
	case "ptcp154", "cp154", "csptcp154":
		return "pt154", true
	case "kz-1048", "rk1048", "strk1048-2002":
		return "kz1048", true
	case "cp866":
		return "ibm866", true
	}
	if page := CodePage(name); page != "" {
		return page, true
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return "", false
	}
	name, err = htmlindex.Name(e)
	if err != nil || name == "replacement" || name == "x-user-defined" {
		return "", false
	}
	if name == "gbk" {
		return "gb18030", true
	}
	return name, true
}

// CodePage returns the name that ByName knows a DOS code page by ("cp850" for "CP-850", "ibm850", "dos-850"), "" for
// what is none.
func CodePage(name string) string {
	name = strings.ToLower(name)
	for _, prefix := range []string{"cp", "ibm", "dos", "oem"} {
		if number, ok := strings.CutPrefix(name, prefix); ok {
			name = "cp" + strings.TrimLeft(number, "-_")
			break
		}
	}
	if _, ok := codePages[name]; ok {
		return name
	}
	return ""
}

// codePages are the characters of the bytes from 0x80 on. PT154 and KZ-1048 are no DOS pages: they
// are windows-1251 with the letters of Kazakh.
var codePages = map[string][]rune{
	"cp437":  []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"),
	"cp737":  []rune("ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀ωάέήϊίόύϋώΆΈΉΊΌΎΏ±≥≤ΪΫ÷≈°∙·√ⁿ²■\u00a0"),
	"cp775":  []rune("ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀ÓßŌŃõÕµńĶķĻļņĒŅ’\u00ad±“¾¶§÷„°∙·¹³²■\u00a0"),
	"cp850":  []rune("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0"),
	"cp852":  []rune("ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u00ad˝˛ˇ˘§÷¸°¨˙űŘř■\u00a0"),
	"cp857":  []rune("ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ\ufffdÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ\ufffd×ÚÛÙìÿ¯´\u00ad±\ufffd¾¶§÷¸°¨·¹³²■\u00a0"),
	"cp862":  []rune("אבגדהוזחטיךכלםמןנסעףפץצקרשת¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0"),
	"pt154":  []rune("ҖҒӮғ„…ҶҮҲүҠӢҢҚҺҸҗ‘’“”•–—ҳҷҡӣңқһҹ\u00a0ЎўЈӨҘҰ§Ё©Ә«¬ӯ®Ҝ°ұІіҙө¶·ё№ә»јҪҫҝАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"),
	"kz1048": []rune("ЂЃ‚ѓ„…†‡€‰Љ‹ЊҚҺЏђ‘’“”•–—\ufffd™љ›њқһџ\u00a0ҰұӘ¤Ө¦§Ё©Ғ«¬\u00ad®Ү°±Ііөµ¶·ё№ғ»әҢңүАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя"),
	"cp1125": []rune("АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмноп░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀рстуфхцчшщъыьэюяЁёҐґЄєІіЇї·√№¤■\u00a0"),
}

// codePage decodes and encodes single bytes.
type codePage []rune

func (c codePage) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: fromPage{c: c}}
}
func (c codePage) NewEncoder() *encoding.Encoder { return &encoding.Encoder{Transformer: toPage{c: c}} }

type fromPage struct {
	transform.NopResetter
	c codePage
}

func (f fromPage) Transform(dst, src []byte, _ bool) (n, m int, err error) {
	for ; m < len(src); m++ {
		r := rune(src[m])
		if r >= utf8.RuneSelf {
			r = f.c[r-utf8.RuneSelf]
		}
		if n+utf8.RuneLen(r) > len(dst) {
			return n, m, transform.ErrShortDst
		}
		n += utf8.EncodeRune(dst[n:], r)
	}
	return n, m, nil
}

type toPage struct {
	transform.NopResetter
	c codePage
}

func (t toPage) Transform(dst, src []byte, end bool) (n, m int, err error) {
	for m < len(src) {
		if !end && !utf8.FullRune(src[m:]) {
			return n, m, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[m:])
		b, ok := t.byteOf(r)
		if !ok {
			return n, m, fmt.Errorf("charset: no %q in this code page", r)
		}
		if n == len(dst) {
			return n, m, transform.ErrShortDst
		}
		dst[n] = b
		n++
		m += size
	}
	return n, m, nil
}

func (t toPage) byteOf(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), true
	}
	for i, of := range t.c {
		if of == r && r != utf8.RuneError {
			return byte(utf8.RuneSelf + i), true
		}
	}
	return 0, false
}
