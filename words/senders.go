package words

// sending holds why an account cannot be used, and why a request was not sent or not answered.
var sending = catalogue{
	"sender.credential_missing": {
		EN: "the credential {name} is missing. Write it below credentials: {name}: \"${{variable}}\" (and set that variable), or {name}: file:PATH",
		ZH: "缺少凭证 {name}。请在 credentials 下填写：{name}: \"${{variable}}\"（并设置该环境变量），或 {name}: file:路径",
		RU: "нет учётных данных {name}. Впишите в credentials: {name}: \"${{variable}}\" (и задайте эту переменную) или {name}: file:ПУТЬ",
	},
	"sender.credential_unknown": {
		EN: "the provider has no credential {name}. It knows: {choices}",
		ZH: "该服务商没有凭证 {name}。可用的有：{choices}",
		RU: "у провайдера нет учётных данных {name}. Известны: {choices}",
	},
	"sender.control_in": {
		EN: "{name} holds a line break, a control character or a blank at its begin or end, which cannot be sent. Remove it (a secret read from a file often ends with one)",
		ZH: "{name} 含有换行符、控制字符或首尾空格，无法发送。请删除（从文件读取的密钥末尾常带换行符）",
		RU: "{name} содержит перевод строки, управляющий символ или пробел в начале или конце; так отправить нельзя. Удалите его (секрет из файла часто кончается переводом строки)",
	},
	"sender.header_ours": {
		EN: "the header {name} is written by rowferry. Remove it from headers",
		ZH: "请求头 {name} 由 rowferry 填写。请从 headers 中删除",
		RU: "заголовок {name} пишет сам rowferry. Удалите его из headers",
	},
	"sender.basic_colon": {
		EN: "{name} holds a colon, which HTTP Basic authentication does not allow in a user name. Ask the provider for another one, or use another auth",
		ZH: "{name} 含有冒号，HTTP Basic 认证的用户名不允许冒号。请向服务商索取其他用户名，或改用其他 auth",
		RU: "{name} содержит двоеточие, а в имени пользователя HTTP Basic оно недопустимо. Запросите у провайдера другое имя или выберите другой auth",
	},
	"sender.sign_missing": {
		EN: "the provider has not published how its signature is computed, so the recipe is needed. Ask the provider and write it as in this example (the recipe itself is made up): sign: {digest: md5, over: \"{token}{timestamp}{nonce}{secret}\", case: lower}",
		ZH: "服务商未公开签名算法，必须配置签名方法。请向服务商确认后按此格式填写（示例中的算法是虚构的）：sign: {digest: md5, over: \"{token}{timestamp}{nonce}{secret}\", case: lower}",
		RU: "провайдер не публикует, как вычисляется подпись, поэтому нужен рецепт. Узнайте его у провайдера и впишите по образцу (сам рецепт в образце вымышлен): sign: {digest: md5, over: \"{token}{timestamp}{nonce}{secret}\", case: lower}",
	},
	"sender.sign_digest": {
		EN: "{value} is not a digest. Write one of {choices}",
		ZH: "{value} 不是可用的摘要算法。请填写其中之一：{choices}",
		RU: "{value} не является алгоритмом подписи. Напишите один из: {choices}",
	},
	"sender.sign_over": {
		EN: "what the signature is computed over is missing. Write a template: over: \"{token}{timestamp}{nonce}{secret}\"",
		ZH: "缺少签名内容。请填写模板：over: \"{token}{timestamp}{nonce}{secret}\"",
		RU: "не сказано, по чему вычисляется подпись. Впишите шаблон: over: \"{token}{timestamp}{nonce}{secret}\"",
	},
	"sender.sign_key": {
		EN: "key belongs to the hmac digests only. Write digest: hmac-…, or remove key",
		ZH: "key 只用于 hmac 摘要。请填写 digest: hmac-…，或删除 key",
		RU: "key нужен только для hmac. Напишите digest: hmac-… или удалите key",
	},
	"sender.sign_unknown": {
		EN: "there is nothing to put in for {name} in braces: it is no credential of this account. Give it below credentials, or use {choices}",
		ZH: "花括号中的 {name} 没有可填的内容：它不是该账户的凭证。请在 credentials 下填写，或使用 {choices}",
		RU: "нечего подставить вместо {name} в скобках: у учётной записи нет таких данных. Впишите их в credentials или используйте {choices}",
	},
	"sender.sign_encoding": {
		EN: "{value} is not an encoding of a signature. Write hex or base64",
		ZH: "{value} 不是签名的编码方式。请填写 hex 或 base64",
		RU: "{value} не является кодировкой подписи. Напишите hex или base64",
	},
	"sender.sign_case": {
		EN: "{value} does not go here. Write lower or upper with encoding hex, nothing with base64",
		ZH: "此处不能填写 {value}。hex 编码可填 lower 或 upper,base64 不填",
		RU: "{value} здесь не подходит. При hex напишите lower или upper, при base64 ничего",
	},
	"sender.login_unknown": {
		EN: "{value} is not a login of this provider. Write one of {choices}",
		ZH: "该服务商没有登录方式 {value}。请填写其中之一：{choices}",
		RU: "у провайдера нет входа {value}. Напишите один из: {choices}",
	},
	"sender.login_none": {
		EN: "this provider has no login. Give a session as the credential {name}",
		ZH: "该服务商没有登录接口。请用凭证 {name} 提供会话",
		RU: "у этого провайдера нет входа. Укажите сессию в учётных данных {name}",
	},
	"sender.scheme_unknown": {
		EN: "{value} is not a way to authenticate with this provider. Write one of {choices}",
		ZH: "该服务商没有认证方式 {value}。请填写其中之一：{choices}",
		RU: "провайдер не поддерживает способ входа {value}. Напишите один из: {choices}",
	},
	"sender.encoding_unknown": {
		EN: "{value} is not an encoding of this provider. Write one of {choices}",
		ZH: "该服务商没有编码 {value}。请填写其中之一：{choices}",
		RU: "провайдер не поддерживает кодировку {value}. Напишите одну из: {choices}",
	},
	"sender.operation_unknown": {
		EN: "the provider {provider} has no operation {name}",
		ZH: "服务商 {provider} 没有操作 {name}",
		RU: "у провайдера {provider} нет операции {name}",
	},
	"sender.server_url": {
		EN: "{provider} does not publish where it listens. Ask the provider and write the address: server: https://…",
		ZH: "{provider} 未公开服务地址。请向服务商确认后填写：server: https://…",
		RU: "{provider} не публикует свой адрес. Узнайте его у провайдера и впишите: server: https://…",
	},
	"sender.server_missing": {
		EN: "it is not said which server to use. Write server: {choices}, or a URL",
		ZH: "未指定使用哪个服务器。请填写 server: {choices}，或一个网址",
		RU: "не сказано, какой сервер использовать. Напишите server: {choices} или адрес",
	},
	"sender.server_unknown": {
		EN: "{value} is not a server of this provider. Write {choices}",
		ZH: "该服务商没有服务器 {value}。请填写 {choices}",
		RU: "у провайдера нет сервера {value}. Напишите {choices}",
	},
	"sender.server_bad": {
		EN: "this is not the address of a server. Write https://HOST or https://HOST/PATH, without ? and #",
		ZH: "这不是服务器地址。请填写 https://主机 或 https://主机/路径，不含 ? 和 #",
		RU: "это не адрес сервера. Напишите https://ХОСТ или https://ХОСТ/ПУТЬ, без ? и #",
	},
	"sender.server_user": {
		EN: "the address holds a user name or password. Remove them and write them below credentials",
		ZH: "地址中含有用户名或密码。请删除并填写到 credentials 下",
		RU: "в адресе есть имя пользователя или пароль. Удалите их и впишите в credentials",
	},
	"sender.plain_http": {
		EN: "the line to {host} is not encrypted: everybody on the way can read and change what is sent. Use https:// if the provider offers it",
		ZH: "到 {host} 的连接未加密：途中任何人都能读取和篡改内容。如服务商支持，请使用 https://",
		RU: "соединение с {host} не шифруется: по пути всё могут прочитать и изменить. Используйте https://, если провайдер его предлагает",
	},
	"sender.rate_bad": {
		EN: "{value} is not a rate. Write a number of requests and a period, such as 10/s or 1600/h",
		ZH: "{value} 不是速率。请填写请求数和周期，如 10/s 或 1600/h",
		RU: "{value} не является частотой. Напишите число запросов и период: 10/s или 1600/h",
	},
	"sender.ca_unreadable": {
		EN: "{path} cannot be read: {reason}. Write the path of a PEM file with the authority's certificate",
		ZH: "无法读取 {path}：{reason}。请填写含有证书颁发机构证书的 PEM 文件路径",
		RU: "{path} не читается: {reason}. Укажите путь к файлу PEM с сертификатом центра",
	},
	"sender.ca_empty": {
		EN: "{path} holds no certificate. Write the path of a PEM file (-----BEGIN CERTIFICATE-----)",
		ZH: "{path} 中没有证书。请填写 PEM 文件路径（-----BEGIN CERTIFICATE-----）",
		RU: "в {path} нет сертификата. Укажите путь к файлу PEM (-----BEGIN CERTIFICATE-----)",
	},

	"sender.cert": {
		EN: "the certificate {cert} and the key {key} cannot be used; write cert and key, PEM files that belong together, the key without a passphrase",
		ZH: "证书 {cert} 和密钥 {key} 无法使用；请写相互匹配的 PEM 文件 cert 和 key，密钥不带口令",
		RU: "сертификат {cert} и ключ {key} нельзя использовать; напишите cert и key, парные файлы PEM, ключ без пароля",
	},
	"sender.parameter": {
		EN: "The value of {field} cannot be written into an address or a header (it is empty, only dots, or has line breaks). Mend the cell.",
		ZH: "{field} 的值无法写入地址或请求头（为空、只有点号或含换行）。请修正单元格。",
		RU: "Значение {field} нельзя записать в адрес или заголовок (пусто, только точки или переводы строк). Исправьте ячейку.",
	},
	"sender.token_url": {
		EN: "the document does not say where tokens are given; write token_url: https://…",
		ZH: "文档未说明令牌地址；请写 token_url: https://…",
		RU: "в документе не сказано, где выдают токены; напишите token_url: https://…",
	},
	"sender.control": {
		EN: "the field {field} holds the character {character}, which XML cannot carry. Remove it from the cell",
		ZH: "字段 {field} 含有 XML 无法表示的字符 {character}。请从单元格中删除",
		RU: "поле {field} содержит символ {character}, который нельзя передать в XML. Удалите его из ячейки",
	},
	"sender.too_big": {
		EN: "the provider's answer is longer than {limit} MiB and was not read to its end",
		ZH: "服务商的应答超过 {limit} MiB，未读完",
		RU: "ответ провайдера длиннее {limit} МиБ и не был прочитан до конца",
	},
	"sender.timeout": {
		EN: "no complete answer came from {host} in time",
		ZH: "{host} 未在规定时间内给出完整应答",
		RU: "от {host} вовремя не пришёл полный ответ",
	},
	"sender.cancelled": {
		EN: "stopped before an answer came",
		ZH: "在收到应答之前已停止",
		RU: "остановлено до получения ответа",
	},
	"sender.dns": {
		EN: "the name {host} is not found. Check the address and this machine's network",
		ZH: "找不到主机名 {host}。请检查地址和本机网络",
		RU: "имя {host} не найдено. Проверьте адрес и сеть этой машины",
	},
	"sender.certificate": {
		EN: "the certificate of {host} is not accepted ({reason}). If it is issued by an authority of your own, write its file as ca",
		ZH: "不接受 {host} 的证书（{reason}）。如果由自有机构签发，请在 ca 中填写其证书文件",
		RU: "сертификат {host} не принят ({reason}). Если его выдал ваш собственный центр, укажите его файл в ca",
	},
	"sender.tls": {
		EN: "no encrypted line to {host}: the TLS handshake failed",
		ZH: "无法与 {host} 建立加密连接：TLS 握手失败",
		RU: "нет шифрованного соединения с {host}: рукопожатие TLS не удалось",
	},
	"sender.refused": {
		EN: "{host} refused the connection. Check the address; or the provider is down",
		ZH: "{host} 拒绝连接。请检查地址，或服务商已停机",
		RU: "{host} отклонил соединение. Проверьте адрес; возможно, провайдер не работает",
	},
	"sender.connect_timeout": {
		EN: "{host} did not take the connection in time",
		ZH: "{host} 未在规定时间内接受连接",
		RU: "{host} вовремя не принял соединение",
	},
	"sender.unreachable": {
		EN: "no connection to {host}: {reason}",
		ZH: "无法连接 {host}：{reason}",
		RU: "нет соединения с {host}: {reason}",
	},
	"sender.garbage": {
		EN: "what came from {host} is not an HTTP answer",
		ZH: "{host} 返回的内容不是 HTTP 应答",
		RU: "то, что пришло от {host}, не является ответом HTTP",
	},
	"sender.cut": {
		EN: "the line to {host} was cut before a complete answer came",
		ZH: "到 {host} 的连接在收到完整应答之前中断",
		RU: "соединение с {host} оборвалось до получения полного ответа",
	},
	"sender.login_unclear": {
		EN: "the login was neither accepted nor refused (HTTP {status}); nothing was sent",
		ZH: "登录既未被接受也未被拒绝（HTTP {status}）；未发送任何内容",
		RU: "вход не принят и не отклонён (HTTP {status}); ничего не отправлено",
	},
	"sender.login_refused": {
		EN: "the provider refused the login (HTTP {status})",
		ZH: "服务商拒绝登录（HTTP {status}）",
		RU: "провайдер отклонил вход (HTTP {status})",
	},
}
