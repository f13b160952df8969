package words

// receipts holds what is said of receipts: what a provider says later about requests that it took over.
var receipts = catalogue{
	"receipt.accepted": {EN: "later: accepted ({when})", ZH: "后续回执：已接受（{when}）", RU: "позже: принято ({when})"},
	"receipt.refused":  {EN: "later: REFUSED ({when})", ZH: "后续回执：被拒绝（{when}）", RU: "позже: ОТКАЗАНО ({when})"},
	"receipt.told":     {EN: "later ({when}), no decision yet", ZH: "后续消息（{when}），尚无决定", RU: "позже ({when}), решения ещё нет"},
	"receipt.awaited":  {EN: "the provider's receipt is awaited", ZH: "等待服务商回执", RU: "ожидается квитанция провайдера"},

	"receipts.webhooks": {EN: "this provider's document says nothing of receipts", ZH: "该服务商的文档没有描述回执", RU: "документ этого провайдера не описывает квитанций"},
	"receipts.proof":    {EN: "nothing tells a genuine receipt from a forged one", ZH: "无法区分真回执与伪造回执", RU: "ничто не отличает подлинную квитанцию от поддельной"},
	"receipts.short":    {EN: "is too short: whoever guesses it can forge receipts", ZH: "太短：猜到它的人可以伪造回执", RU: "слишком короткий: кто его угадает, может подделать квитанции"},
	"receipts.signed":   {EN: "the provider's document names no header of a signature", ZH: "该服务商的文档没有指明签名请求头", RU: "документ провайдера не называет заголовка подписи"},
	"receipts.listen":   {EN: "receipts come to `listen`, which is missing", ZH: "回执发送到 `listen` 地址，但未配置", RU: "квитанции приходят на `listen`, а его нет"},
	"receipts.random":   {EN: "at least 16 characters, for example those of: openssl rand -hex 20", ZH: "至少16个字符，例如用 openssl rand -hex 20 生成", RU: "не меньше 16 символов, например из: openssl rand -hex 20"},
}
