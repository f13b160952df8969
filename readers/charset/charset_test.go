package charset

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// texts are what senders write; none is taken from the models. sure texts must be recognised, the others may be refused
// but never read as something else.
var texts = []struct {
	encoding string
	sure     bool
	text     string
}{
	{"windows-1251", true, "Номер;Получатель;Город;Вес\r\n1;Горшков А.А.;Тула;12,5\r\n2;Ефимова Ж.;Псков;7,25\r\n"},
	{"windows-1251", true, "id;city\r\n1;Москва\r\n"},
	{"windows-1251", true, "ПОЛУЧАТЕЛЬ;АДРЕС\r\nООО \"РОМАШКА\";Г. КАЛУГА, УЛ. САДОВАЯ, 5\r\n"},
	{"windows-1251", true, "Відправник;Одержувач\r\nТОВ Світанок;Львів, вул. Шевченка\r\n"},
	{"windows-1251", false, "code,name\n1,Тест\n"},
	{"windows-1251", false, "№,qty\n1,2\n"},
	{"koi8-r", true, "Наименование;Количество\nГвозди строительные;100\nПроволока вязальная;20\n"},
	{"ibm866", true, "Наименование;Количество\nГвозди строительные;100\nПроволока вязальная;20\n"},
	{"x-mac-cyrillic", true, "Наименование;Количество\rГвозди строительные;100\rПроволока вязальная;20\r"},
	{"iso-8859-5", true, "Наименование;Количество\nГвозди строительные;100\nПроволока вязальная;20\n"},
	{"gb18030", true, "客户查询号,类型,外部识别码\r\nA001,提货点,X1\r\nA002,送货点,X2\r\n"},
	{"gb18030", true, "运单号,收件人,地址\r\n1,欧阳靖,湖北省武汉市洪山区珞喻路\r\n"},
	{"gb18030", false, "name,qty\n电缆,5\n"},
	{"gb18030", true, "姓名,备注\n赵敏,易碎品请轻放\n"},
	{"gb18030", true, "Phone,id,name,地址\n1,say,Köln,广东省\n2,a,Köln,北京市\n3,b,Köln,x\n4,c,Köln,y\n5,d,Köln,z\n6,d,Köln,z\n"},
	{"gb18030", true, "运单号,收件人\n1,Иванов Пётр\n2,Смирнова Анна\n3,王芳\n"},
	{"gb18030", false, "a,b\n1,中\n"},
	{"gb18030", true, "訂單編號,收件人,地址\r\n1,陳怡君,臺北市信義區市府路\r\n2,李小明,香港旺角彌敦道\r\n"},
	{"gb18030", true, "订单,收件人\r\n1,陳怡君\r\n2,王芳\r\n3,李小明，上海市\r\n"},
	{"big5", true, "訂單編號,收件人,地址\r\n1,陳怡君,臺北市信義區市府路\r\n"},
	{"big5", false, "品名,數量\n螺絲,5\n"},
	{"shift_jis", true, "注文番号,お届け先,商品名\r\n1,山田様,りんごジュース\r\n"},
	{"shift_jis", false, "品名,数量\r\n部品,5\r\n"},
	{"euc-jp", true, "注文番号,お届け先,商品名\r\n1,やまださま,りんごジュース\r\n"},
	{"euc-kr", true, "주문번호,받는사람,주소\r\n1,홍길동,서울특별시 강남구 테헤란로\r\n"},
	{"euc-kr", false, "이름,수량\r\n연필,5\r\n"},
	{"windows-1252", true, "Empfänger,Straße\nMüller GmbH,Königstraße 5\nGröße,Öffnung\n"},
	{"windows-1252", true, "Destinataire,Adresse\nHélène Dupré,12 allée des Érables\nFrançois,Orléans\n"},
	{"windows-1252", true, "Descripción,Dirección\nJosé Muñoz,Calle Cádiz\n"},
	{"windows-1252", true, "Endereço,Descrição\nJoão,São Paulo\n"},
	{"windows-1252", false, "city\nMalmö\n"},
	{"windows-1252", true, "id;temp\r\n1;-18 °C\r\n2;+5 °C\r\n3;20 °C\r\n"},
	{"windows-1252", true, "id;price\r\n1;1\u00a0234,50\r\n2;12\u00a0500,00\r\n3;7\u00a0000,10\r\n"},
	{"windows-1252", false, "id;name\r\n1;ACME – West\r\n2;ACME – East “big”\r\n"},
	{"windows-1252", false, "price\n£5\n"},
	{"windows-1250", true, "Odbiorca;Miejscowość\nŁukasz Wójcik;Łódź\nGrażyna;Świętochłowice\n"},
	{"windows-1250", false, "Příjemce;Město\nJiří Dvořák;Plzeň\nŽofie;Děčín\n"},
	{"windows-1254", true, "Alıcı;Şehir\nÇağrı Yıldız;İstanbul\nGüneş;Şişli\n"},
	{"windows-1253", true, "Παραλήπτης;Πόλη\nΝίκος Αντωνίου;Τρίπολη\n"},
	{"windows-1257", false, "Gavėjas;Miestas\nŽydrūnas;Šiauliai\n"},
	{"windows-1255", false, "שם,כתובת\nמשה כהן,רחוב הרצל תל אביב\n"},
	{"windows-1256", false, "الاسم,العنوان\nمحمد علي,شارع الملك فهد الرياض\n"},
	{"windows-874", false, "ชื่อ,ที่อยู่\nสมชาย,ถนนสุขุมวิท กรุงเทพ\n"},
	{"windows-1250", true, "Szám;Címzett;Cím\r\n1;Kovács Péter;Győr, Baross Gábor út\r\n2;Szabó Zsófia;Nyíregyháza, Andrássy út\r\n3;Tóth Gergő;Fűnyíró\r\n"},
	{"windows-1250", false, "Város\nGyőr\n"},
	{"windows-1250", true, "Număr;Destinatar\n1;Ştefan Popescu, Bucureşti\n2;Ioana Ţurcanu, Braşov\n3;Crăciun, Mihăiţă\n"},
	{"iso-8859-2", false, "Odbiorca;Miejscowość\nŁukasz Wójcik;Łódź\nGrażyna;Świętochłowice\n"},
	{"iso-8859-16", false, "Odbiorca;Miejscowość\nPaweł Wiśniewski;Częstochowa\n"},
	{"iso-8859-15", false, "Destinataire;Ville\nSœur Hélène;Orléans\n"},
	{"cp850", true, "Empfänger;Straße\nMüller GmbH;Königstraße 5\nGröße;Öffnung\n"},
	{"cp437", true, "Empfänger;Straße\nMüller GmbH;Königstraße 5\nGröße;Öffnung\n"},
	{"cp850", false, "Nombre\nÍñigo\n"},
	{"cp852", true, "Odbiorca;Miejscowość\nŁukasz Wójcik;Łódź\nGrażyna;Świętochłowice\n"},
	{"cp857", true, "Alıcı;Şehir\nÇağrı Yıldız;İstanbul\nGüneş;Şişli\n"},
	{"cp737", true, "Παραλήπτης;Πόλη\nΝίκος Αντωνίου;Τρίπολη\n"},
	{"cp775", false, "Gavėjas;Miestas\nŽydrūnas;Šiauliai\n"},
	{"cp862", false, "שם,כתובת\nמשה כהן,רחוב הרצל תל אביב\n"},
	{"cp1125", true, "Відправник;Одержувач\nТОВ Світанок;Львів, вул. Шевченка\nІгор Кількісний;Харків, вул. Сумська\n"},
	{"kz1048", true, "Жіберуші;Қала;Мекенжай\nӘлібек;Алматы қаласы;Абай даңғылы\nНұрсұлтан;Шымкент;Қонаев көшесі\n"},
	{"big5", true, "order,name,city\nA-1,陳大文,香港\nA-2,李小明,啲嘢喺㗎嗰度咗冇嚟\nA-3,黃埔,旺角\n"},
	{"pt154", true, "Жіберуші;Қала;Мекенжай\nӘлібек;Алматы қаласы;Абай даңғылы\nНұрсұлтан;Шымкент;Қонаев көшесі\n"},
	{"pt154", true, "Отправитель;Город\nТОО Жібек жолы;Алматы\nИП Өмірбек;Караганда, ул. Қабанбай батыр\n"},
	{"cp1125", false, "місто\nКиїв\n"},
	{"iso-8859-6", false, "الاسم,العنوان\nمحمد علي,شارع الملك فهد الرياض\n"},
	{"windows-1258", false, "Tên,Đia chi\nTrân Nguyên,Hà Nôi, Viêt Nam\n"},
}

func TestGuess(t *testing.T) {
	for _, c := range texts {
		e, err := ByName(c.encoding)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := e.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatalf("%s: %v", c.encoding, err)
		}
		v := Guess(raw)
		if !v.Sure {
			if c.sure {
				t.Errorf("%s %q: not recognised, fits %v", c.encoding, c.text, v.Fits)
			}
			t.Log(c.encoding, c.text, v.Fits)
			continue
		}
		found, _ := ByName(v.Name)
		got, err := found.NewDecoder().Bytes(raw)
		if err != nil || string(got) != c.text {
			t.Errorf("%s %q: read as %s: %q", c.encoding, c.text, v.Name, got)
		}
	}
}

// Half of a text that is none must not be called one.
func TestGuessRefusesNoise(t *testing.T) {
	for _, raw := range []string{"\x80\x81\x82\x83", "a\xffb\xfec", "x,y\n\x90\x9d\x8f,1\n", "\xc3\x28\xa0\xa1\xe2\x28\xa1"} {
		if v := Guess([]byte(raw)); v.Sure {
			t.Errorf("%q: %s", raw, v.Name)
		}
	}
}

// Where nobody writes so, those encodings are named whose characters of several bytes fit all of them.
func TestGuessNamesWhatFits(t *testing.T) {
	e, _ := ByName("gb18030")
	raw, err := e.NewEncoder().Bytes([]byte("注文番号,お届け先\r\n1,りんごジュース\r\n2,やまださま\r\n3,すずきさま\r\n"))
	if v := Guess(raw); err != nil || v.Sure || !slices.Contains(v.Fits, "gb18030") {
		t.Errorf("%+v, %v", v, err)
	}
}

// What is said of an encoding does not hold against text that is plainly UTF-8.
func TestIsUTF8(t *testing.T) {
	for _, c := range []struct {
		text, name string
		want       bool
	}{
		{"id;город\n1;Москва\n", "windows-1251", true},
		{"Größe\n", "windows-1252", true},
		{"编号,城市\n", "gb18030", true},
		{"Zürich, Köln, Öhringen, Bär\n", "gb18030", true},
		{"\xc4\xb8,5\n", "gb18030", false}, // 母, and a letter of Greenland in UTF-8
		{"T\xc2\xb9\n", "windows-1251", false},
		{"plain\n", "windows-1251", false},
		{"\xcc\xee\xf1\xea\xe2\xe0\n", "windows-1251", false},
		{strings.Repeat("x", 64<<10-1) + "город", "windows-1251", true}, // a letter across two reads
		{"город" + strings.Repeat("x", 64<<10) + "\xd0", "windows-1251", false},
	} {
		got, err := IsUTF8(iotest.OneByteReader(strings.NewReader(c.text)), c.name)
		if err != nil || got != c.want {
			t.Errorf("%.20q as %s: %v, %v", c.text, c.name, got, err)
		}
		if again, _ := IsUTF8(strings.NewReader(c.text), c.name); again != got {
			t.Errorf("%.20q as %s: %v in large reads", c.text, c.name, again)
		}
	}
}

func TestByChance(t *testing.T) {
	for text, want := range map[string]bool{
		"Nombre\n\xd6\xa4igo\n": true, // Íñigo in cp850
		"a\n\xc2\x85\n":         true,
		"Zürich":                false,
		"4,5,ʤ575":              false,
		"e\u0301":               false, // é in two characters
		"plain":                 false,
		"中 \u0301":              false,
	} {
		if got := ByChance([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestContradicts(t *testing.T) {
	russian := "Получатель Горшков, Тула, улица Садовая"
	for _, c := range []struct{ text, is, said, want string }{
		{russian, "windows-1251", "windows-1252", "windows-1251"},
		{russian, "koi8-r", "windows-1251", "koi8-r"},
		{russian, "windows-1251", "windows-1251", ""},
		{russian, "windows-1251", "windows-1258", "windows-1251"},
		{"Müller, Größe", "windows-1252", "windows-1252", ""},
		{"Müller, Größe", "windows-1252", "windows-1250", ""}, // the same letters
		{"Ø 5", "windows-1252", "windows-1252", ""},
	} {
		e, err := ByName(c.is)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := e.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if got := Contradicts(raw, c.said); got != c.want {
			t.Errorf("%s, said to be %s: %q", c.text, c.said, got)
		}
	}
}

func TestCodePage(t *testing.T) {
	for name, want := range map[string]string{"cp850": "cp850", "CP-850": "cp850", "ibm852": "cp852", "DOS-857": "cp857", "cp1252": "", "utf-8": "", "850": ""} {
		if got := CodePage(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func BenchmarkGuess(b *testing.B) {
	e, _ := ByName("gb18030")
	raw, _ := e.NewEncoder().Bytes([]byte(texts[10].text))
	for b.Loop() {
		Guess(raw)
	}
}

func BenchmarkGuessMuch(b *testing.B) {
	raw := bytes.Repeat([]byte("M\xfcller;Stra\xdfe 5;K\xf6ln;Gr\xf6\xdfe\r\n"), 2300)
	for b.Loop() {
		Guess(raw)
	}
}
