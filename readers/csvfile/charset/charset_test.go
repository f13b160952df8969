package charset

import (
	"testing"

	"golang.org/x/text/encoding/htmlindex"
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
	{"windows-1251", true, "Відправник;Одержувач\r\nТОВ «Світанок»;Львів, вул. Шевченка\r\n"},
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
	{"gb18030", false, "a,b\n1,中\n"},
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
	{"windows-1252", false, "price\n£5\n"},
	{"windows-1250", true, "Odbiorca;Miejscowość\nŁukasz Wójcik;Łódź\nGrażyna;Świętochłowice\n"},
	{"windows-1250", false, "Příjemce;Město\nJiří Dvořák;Plzeň\nŽofie;Děčín\n"},
	{"windows-1254", true, "Alıcı;Şehir\nÇağrı Yıldız;İstanbul\nGüneş;Şişli\n"},
	{"windows-1253", true, "Παραλήπτης;Πόλη\nΝίκος Αντωνίου;Τρίπολη\n"},
	{"windows-1257", false, "Gavėjas;Miestas\nŽydrūnas;Šiauliai\n"},
	{"windows-1255", false, "שם,כתובת\nמשה כהן,רחוב הרצל תל אביב\n"},
	{"windows-1256", false, "الاسم,العنوان\nمحمد علي,شارع الملك فهد الرياض\n"},
	{"windows-874", false, "ชื่อ,ที่อยู่\nสมชาย,ถนนสุขุมวิท กรุงเทพ\n"},
	{"windows-1258", false, "Tên,Đia chi\nTrân Nguyên,Hà Nôi, Viêt Nam\n"},
}

func TestGuess(t *testing.T) {
	for _, c := range texts {
		e, err := htmlindex.Get(c.encoding)
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
		found, _ := htmlindex.Get(v.Name)
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

func BenchmarkGuess(b *testing.B) {
	e, _ := htmlindex.Get("gb18030")
	raw, _ := e.NewEncoder().Bytes([]byte(texts[10].text))
	for b.Loop() {
		Guess(raw)
	}
}
