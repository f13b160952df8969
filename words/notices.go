package words

// noticing are the sentences of notices.
var noticing = catalogue{
	"notice.finished":     {EN: "{name}: {rows} of {of} {of:row|rows} {rows:needs|need} you", ZH: "{name}：{of} 行中有 {rows} 行需要处理", RU: "{name}: {rows} из {of} {of:строки|строк|строк} {rows:требует|требуют|требуют} внимания"},
	"notice.counts":       {EN: "Route {route}: delivered {delivered}, rejected {rejected}, invalid {invalid}, failed {failed}, unknown {unknown}, skipped {skipped}. Results: {results}", ZH: "路由 {route}：已送达 {delivered}，被拒绝 {rejected}，无效 {invalid}，失败 {failed}，结果不明 {unknown}，已跳过 {skipped}。结果：{results}", RU: "Маршрут {route}: доставлено {delivered}, отклонено {rejected}, некорректно {invalid}, не отправлено {failed}, неизвестно {unknown}, пропущено {skipped}. Результаты: {results}"},
	"notice.quarantined":  {EN: "{name} was not taken (route {route})", ZH: "{name} 未被接收（路由 {route}）", RU: "{name} не принят (маршрут {route})"},
	"notice.account":      {EN: "Account {who} does not send", ZH: "账户 {who} 已停止发送", RU: "Учётная запись {who} не отправляет"},
	"notice.partner":      {EN: "The inbox of route {who} cannot be looked into", ZH: "无法查看路由 {who} 的收件文件夹", RU: "Входящая папка маршрута {who} недоступна"},
	"notice.outbox":       {EN: "Results of route {who} cannot be put into its outbox", ZH: "无法将路由 {who} 的结果写入其结果文件夹", RU: "Результаты маршрута {who} не удаётся положить в исходящую папку"},
	"notice.expected":     {EN: "No file came for route {who}", ZH: "路由 {who} 没有收到文件", RU: "Для маршрута {who} не пришёл файл"},
	"notice.expected.why": {EN: "One was expected on {day} by {by}.", ZH: "应在 {day} 的 {by} 之前收到。", RU: "Он ожидался {day} до {by}."},
	"notice.over":         {EN: "Over: {title}", ZH: "已解除：{title}", RU: "Прошло: {title}"},
	"notice.digest":       {EN: "The day until {day}", ZH: "截至 {day} 的一天", RU: "Сутки по {day}"},
	"notice.digest.line":  {EN: "{route}: {files} {files:file|files}, {rows} {rows:row|rows}, {delivered} delivered", ZH: "{route}：{files} 个文件，{rows} 行，已送达 {delivered}", RU: "{route}: файлов {files}, строк {rows}, доставлено {delivered}"},
	"notice.again":        {EN: "This message may have come before: it could not be seen whether it arrived.", ZH: "此消息可能已经送达过：当时无法确认是否送达。", RU: "Это сообщение, возможно, уже приходило: не удалось узнать, дошло ли оно."},
	"notice.untold":       {EN: "since {since} notices do not get through this way ({why}). It is tried again by itself; rowferry notify test tries it at once.", ZH: "自 {since} 起，通知无法以此方式送达（{why}）。之后会自动重试；rowferry notify test 可立即尝试。", RU: "с {since} уведомления этим путём не доходят ({why}). Попытка повторится сама; rowferry notify test пробует сразу."},
	"notice.aside":        {EN: "refused again and again, and so set aside since {since}, so that others go first: {titles} (the last answer: {why}). It is tried again every hour, for three days where others arrive; what it speaks of is in rowferry status all the same.", ZH: "一再被拒绝，自 {since} 起搁置，其他通知先行发送：{titles}（最后的应答：{why}）。每小时重试一次；若其他通知能够送达，则重试三天。所涉内容仍可用 rowferry status 查看。", RU: "раз за разом отклоняется и поэтому с {since} отложено, чтобы остальные уходили первыми: {titles} (последний ответ: {why}). Попытка повторяется каждый час, а если остальные доходят — трое суток; то, о чём речь, всё равно видно в rowferry status."},
	"notice.test":         {EN: "Notices of rowferry arrive here", ZH: "rowferry 的通知可以送达这里", RU: "Уведомления rowferry доходят сюда"},
	"notice.test.text":    {EN: "Somebody tried it with rowferry notify test.", ZH: "有人运行了 rowferry notify test。", RU: "Кто-то запустил rowferry notify test."},
}
