package labels

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Meaning is what a name says, in words that mean the same whoever writes it: "Ship-To Zip", "consignee.address.postalCode" and
// "PLZ Empfänger" are the post code of whom it goes to.
type Meaning struct {
	Party  string   // whose it is: "to", "from", "bill", …; "" where the name says nothing of it
	Called string   // how the party is called: "consignee", "ship to"
	Words  []string // what it is
}

// Mean reads a heading, or the names of a path from the outermost to the innermost. Of several parties the last counts, and of a path
// what stands before it is only where it is.
func Mean(path ...string) (m Meaning) {
	for _, name := range path {
		around := len(m.Words)
		words := parts(name)
		for all := words; len(all) > 0; {
			said, n := meant(all)
			party, is := strings.CutPrefix(said, "@")
			switch {
			case all[0] == party && len(all) < len(words), // valid to, date from
				is && all[0] == "shipping" && len(all) > 1 && all[1] != "address": // shipping method
				said, is = all[0], false
			}
			switch {
			case is:
				m.Party, m.Called = party, strings.Join(all[:n], " ")
				m.Words, around = m.Words[around:], 0
			case said != "" && (len(m.Words) == 0 || m.Words[len(m.Words)-1] != said):
				m.Words = append(m.Words, said)
			}
			all = all[n:]
		}
	}
	m.bare()
	return m
}

// bare takes off what only says where or how the thing is written.
func (m *Meaning) bare() {
	last := len(m.Words) - 1
	for ; last > 0; last-- {
		end, before := m.Words[last], m.Words[last-1]
		if end != "value" && end != "content" && end != "text" && end != "1" &&
			(end != "number" || before != "phone" && before != "reference") && (end != "line" || before != "street") &&
			(end != "code" && end != "number" && end != "id" || before != "tracking number") && (end != "code" && end != "name" || before != "carrier") {
			break
		}
	}
	m.Words = m.Words[:last+1]
	for i := last - 1; i >= 0; i-- { // an address, a contact or details that have it
		if around := m.Words[i]; around == "street" || around == "contact" || around == "detail" || around == "information" || around == "info" {
			m.Words = slices.Delete(m.Words, i, i+1)
		}
	}
	if len(m.Words) == 0 && m.Party != "" {
		m.Words = []string{"name"}
	}
}

// Covers is how well a heading says what a field is, from 0 to 1: all that the heading says must be said of the field, in this order and to
// its end, and both must be the same party's.
func (m Meaning) Covers(field Meaning) float64 {
	score := 0.98
	switch {
	case len(m.Words) == 0 || len(field.Words) == 0 || m.Party != "" && m.Party != field.Party:
		return 0
	case m.Party != field.Party:
		score -= 0.1 * float64(m.Aside(field))
	case m.Called != field.Called:
		score -= 0.04
	}
	last := len(field.Words) - 1
	at := last
	for i := len(m.Words) - 1; i >= 0; i-- {
		end := i == len(m.Words)-1
		if end && kin(m.Words[i], field.Words[last]) {
			score -= 0.12
			if field.Words[last] == "company" {
				score -= 0.02
			}
			at = last - 1
			continue
		}
		for at >= 0 && field.Words[at] != m.Words[i] {
			if end {
				return 0
			}
			score -= 0.08
			at--
		}
		if at < 0 {
			return 0
		}
		at--
	}
	return score - 0.08*float64(min(at+1, 3))
}

// kin reports whether a word stands for another where the better one is not there.
func kin(a, b string) bool {
	if a == "name" {
		a, b = b, a
	}
	return b == "name" && (a == "contact" || a == "company")
}

// Receiver is the party whom things go to.
const Receiver = "to"

// Said is what the name says, without whose it is.
func (m Meaning) Said() string { return strings.Join(m.Words, " ") }

// address are the words of an address: of a heading that names nobody, whom it goes to is meant.
var address = []string{"street", "street 2", "house number", "postcode", "city", "state", "country", "name", "company", "contact", "phone", "email"}

// Aside is how far a field is from a heading that does not say whose it is.
func (m Meaning) Aside(field Meaning) int {
	part := len(m.Words) > 0 && slices.Contains(address, m.Words[len(m.Words)-1])
	switch {
	case m.Party != "":
		return 0
	case field.Party == Receiver && part, field.Party == "" && !part:
		return 0
	case field.Party == Receiver, field.Party == "", !part:
		return 1
	}
	return 2
}

// Follows reports whether a heading is the next of several that say the same: Address 2 behind Address, Reference 3 behind Reference 2.
func (m Meaning) Follows(before Meaning, nth int) bool {
	last := len(before.Words) - 1
	if last < 0 || m.Party != before.Party {
		return false
	}
	number := strconv.Itoa(nth)
	return slices.Equal(m.Words, append(slices.Clone(before.Words), number)) ||
		len(m.Words) == last+1 && m.Words[last] == before.Words[last]+" "+number && slices.Equal(m.Words[:last], before.Words[:last])
}

// Contradicts reports whether two names say that the thing is of different parties.
func (m Meaning) Contradicts(o Meaning) bool {
	return m.Party != "" && o.Party != "" && m.Party != o.Party
}

// parts are the words of a name: shipToZIPCode is ship, to, zip, code. Each Han character is one; what stands in brackets is a remark.
func parts(name string) (out []string) {
	name = norm.NFKC.String(name)
	if open, shut := strings.IndexByte(name, '('), strings.LastIndexByte(name, ')'); open > 0 && shut > open {
		name = name[:open] + " " + name[shut+1:]
	}
	var word []rune
	end := func() {
		if len(word) > 0 {
			out = append(out, singular(Normal(string(word))))
		}
		word = word[:0]
	}
	all := []rune(name)
	for i, r := range all {
		kind := class(r)
		switch {
		case kind == 0 || i == 0 || kind != class(all[i-1]) || kind == han:
			end()
		case unicode.IsUpper(r) && (unicode.IsLower(all[i-1]) || i+1 < len(all) && unicode.IsLower(all[i+1])):
			end()
		}
		if kind != 0 {
			word = append(word, r)
		}
	}
	end()
	return out
}

const han = 3

// class tells what makes one word: letters, digits, signs that stand for a number; a Han character is one by itself.
func class(r rune) int {
	switch {
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r):
		return 1
	case unicode.IsDigit(r):
		return 2
	case r == '#':
		return 4
	}
	return 0
}

func singular(word string) string {
	if len(word) > 3 && !strings.HasSuffix(word, "ss") {
		return strings.TrimSuffix(word, "s")
	}
	return word
}

// meant is what the first words mean, and how many of them it are: the longest that is known, else the first as it stands.
func meant(words []string) (string, int) {
	for n := min(len(words), 5); n > 0; n-- {
		if said, known := meanings()[strings.Join(words[:n], " ")]; known {
			return said, n
		}
	}
	return words[0], 1
}

// meanings are phrases and what they mean: with @ a party, and nothing where they say nothing.
var meanings = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(phrases) {
		said, all, _ := strings.Cut(strings.TrimSpace(line), ":")
		for phrase := range strings.SplitSeq(all, ",") {
			m[strings.Join(parts(phrase), " ")] = strings.TrimSpace(said)
		}
	}
	return m
})

const phrases = `:of,the,des,der,de,du,für,for,kg,kgs,cm,mm,lb,lbs,кг,см,公斤,代码
@to:to,ship to,shipto,shipping,deliver to,delivery,delivery to,consignee,cnee,receiver,recipient,addressee,destination,dest,empfänger,empfaenger,destinataire,destinatario,ontvanger,收件人,收货人,收件方,收货方,收件,收货,получатель,получателя
@from:from,ship from,shipfrom,shipper,sender,consignor,origin,absender,versender,expéditeur,expediteur,remitente,mittente,afzender,寄件人,发件人,发货人,寄件方,发件方,发货方,寄件,发件,发货,отправитель,отправителя
@bill:bill to,billing,invoice to,sold to,rechnungsempfänger
@return:return,return to,returns,退货
@notify:notify,notify party,通知人
@third:third party
@pickup:pickup,pick up,collection,abholung
@buyer:buyer,买家
@seller:seller,卖家
@importer:importer,importer of record
@exporter:exporter
@broker:broker
@payer:payer,payor
origin country:country of origin,origin country,origin country code,country of manufacture,ursprungsland,herkunftsland,原产国,原产地,страна происхождения
country:country,country code,country iso,country iso code,iso country code,country name,ctry,land,ländercode,pays,país,paese,nazione,国家,国家代码,国家二字码,国别,страна,код страны
postcode:postcode,post code,postal,postal code,postalcode,postal number,zip,zip code,zipcode,zip postal code,zip postcode,plz,postleitzahl,code postal,código postal,cap,邮编,邮政编码,индекс,почтовый индекс
city:city,city name,town,town city,locality,ort,stadt,ville,ciudad,città,城市,市,город
state:state,state code,state province,state province code,state or province,state or province code,province,province code,region,region code,bundesland,省,省份,州,область,регион
street:address,addres,addr,address line,address 1,address line 1,line 1,street,street 1,street line,street line 1,street address,street name,address street,strasse,adresse,rue,dirección,indirizzo,地址,详细地址,街道,адрес,улица
street 2:address 2,address line 2,addr 2,street 2,street line 2,line 2,street address 2,adresszusatz,地址 2
house number:house number,house no,house nr,street number,street no,hausnummer,hausnr,门牌号,дом,номер дома
name:name,full name,姓名,名称,名字,имя,фио,nom,nombre,nome
contact:contact,contact name,contact person,person name,attention,attention name,attn,ansprechpartner,kontakt,联系人,контактное лицо
company:company,company name,firma,organisation,organization,organisation name,organization name,公司,公司名称,компания
phone:phone,phone number,phone no,tel,tel no,telephone,telephone number,telephone no,mobile,mobile phone,mobile number,contact phone,contact number,telefon,telefonnummer,téléphone,teléfono,telefono,电话,电话号码,手机,手机号,手机号码,联系电话,телефон
email:email,e mail,mail,email address,e mail address,emailaddress,邮箱,电子邮件,电子邮箱,эл почта
number:no,nr,num,number,nummer,numero,#,号,编号,号码,номер
reference:ref,reference,reference no,reference number,ref no,refno,referenz,参考号
order number:order no,order nr,order number,order num,order id,order #,bestellnummer,auftragsnummer,订单号,订单编号,номер заказа,№ заказа
quantity:quantity,qty,menge,anzahl,数量,количество,кол во
weight:weight,gewicht,poids,peso,重量,вес
length:length,länge,长,长度,длина
width:width,breite,宽,宽度,ширина
height:height,höhe,高,高度,высота
description:description,desc,bezeichnung,beschreibung,描述,описание
package:package,parcel,carton,paket,colis
ship date:ship date,shipped date,shipping date,shipment date,date shipped,shipped at,dispatch date,dispatched date,despatch date,date dispatched,versanddatum,发货日期,发货时间,дата отгрузки,дата отправки
carrier:carrier,carrier code,carrier name,shipping carrier,shipping carrier code,shipping carrier name,courier,courier code,courier name,承运商,物流公司,快递公司,перевозчик
tracking number:tracking,tracking number,tracking no,tracking #,tracking id,tracking code,sendungsnummer,运单号,快递单号,物流单号,跟踪号,трек номер,номер отслеживания
currency:currency,currency code,währung,币种,货币,валюта
`
