package words

// desk holds why something that a person asks for is refused.
var desk = catalogue{
	"desk.empty-id": {
		EN: "the file id is empty: write one; rowferry status lists them",
		ZH: "文件编号为空：请填写一个；rowferry status 会列出所有编号",
		RU: "номер файла пуст: укажите его; список даёт rowferry status",
	},
	"desk.no-file": {
		EN: "there is no file {file}; see: rowferry status",
		ZH: "没有文件 {file}；请查看：rowferry status",
		RU: "файла {file} нет; смотрите: rowferry status",
	},
	"desk.ambiguous": {
		EN: "{count} {count:file begins|files begin} with {file}: write more of the id",
		ZH: "有 {count} 个文件的编号以 {file} 开头：请多写几位",
		RU: "номера {count} {count:файла|файлов|файлов} начинаются с {file}: укажите номер полнее",
	},
	"desk.not-accepted": {
		EN: "{file} was not accepted ({state}): no row of it is or was to be sent",
		ZH: "{file} 未被接收（{state}）：其中没有任何行会发送或曾发送",
		RU: "{file} не принят ({state}): ни одна строка не отправляется и не отправлялась",
	},
	"desk.was-accepted": {
		EN: "{file} was accepted: there is nothing to release",
		ZH: "{file} 已被接收：没有可放行的内容",
		RU: "{file} принят: выпускать нечего",
	},
	"desk.after-all": {
		EN: "{file} was sent after all already, as {newest}: what became of it is there",
		ZH: "{file} 已按要求作为 {newest} 发送：处理结果见该文件",
		RU: "{file} уже всё равно отправлен как {newest}: что с ним стало, сказано там",
	},
	"desk.not-ended": {
		EN: "{file} is still being sent: wait until it has ended, or cancel it",
		ZH: "{file} 仍在发送：请等待结束，或取消它",
		RU: "{file} ещё отправляется: дождитесь конца или отмените его",
	},
	"desk.ended": {
		EN: "{file} has ended: every row has its outcome",
		ZH: "{file} 已结束：每一行都有结果",
		RU: "{file} завершён: у каждой строки есть итог",
	},
	"desk.nothing-fit": {
		EN: "no row of {file} is {statuses}: there is nothing to send again. See: rowferry status {file}",
		ZH: "{file} 中没有结果为 {statuses} 的行：没有可重新发送的内容。请查看：rowferry status {file}",
		RU: "в {file} нет строк с итогом {statuses}: отправлять снова нечего. Смотрите: rowferry status {file}",
	},
	"desk.nothing-fit.unfit": {
		EN: "the rows of {file} that are {statuses} were never fit to be sent (their document has an invalid row, or they were delivered before): mend what the result names and drop the mended result; there is nothing to send again",
		ZH: "{file} 中结果为 {statuses} 的行本来就不能发送（其单证中有无效行，或此前已送达）：请按结果文件改正后重新放入，没有可重新发送的内容",
		RU: "строки {file} с итогом {statuses} и не могли быть отправлены (в их документе есть некорректная строка или они доставлены раньше): исправьте указанное в результате и положите его снова, отправлять повторно нечего",
	},
	"desk.superseded": {
		EN: "the result of {file} was dropped again since: {newest} now speaks for the rows that it has. Use: rowferry resend {newest} --status {list}. Rows that were left out of it go when the result of {file} is dropped with them once more: failed ones as they are, others with resend in their status cells",
		ZH: "{file} 的结果此后已重新放入：其中包含的行现在由 {newest} 代表。请使用：rowferry resend {newest} --status {list}。未包含在其中的行，请再次放入含有这些行的 {file} 的结果：失败的行会直接发送，其他行需在状态单元格中填写“resend”",
		RU: "результат {file} с тех пор положен снова: за строки, которые есть в {newest}, теперь отвечает он. Используйте: rowferry resend {newest} --status {list}. Строки, которых там нет, уйдут, когда результат {file} положат с ними ещё раз: недоставленные как есть, остальные — с «resend» в ячейке статуса",
	},
	"desk.no-outcomes": {
		EN: "say which rows to send again: --status failed (or unknown, rejected, skipped)",
		ZH: "请说明要重新发送哪些行：--status failed（或 unknown、rejected、skipped）",
		RU: "укажите, какие строки отправить снова: --status failed (или unknown, rejected, skipped)",
	},
	"desk.not-again.delivered": {
		EN: "delivered rows are never sent again",
		ZH: "已送达的行绝不会重新发送",
		RU: "доставленные строки никогда не отправляются снова",
	},
	"desk.not-again.invalid": {
		EN: "invalid rows were never fit to be sent: mend them in the spreadsheet and drop it again",
		ZH: "无效的行本来就不能发送：请在表格中改正后重新放入",
		RU: "некорректные строки и не могли быть отправлены: исправьте их в таблице и положите её снова",
	},
	"desk.no-outcome": {
		EN: "--status \"{status}\" is no outcome: write failed, unknown, rejected or skipped",
		ZH: "--status \"{status}\" 不是一种结果：请写 failed、unknown、rejected 或 skipped",
		RU: "--status \"{status}\" — не итог: напишите failed, unknown, rejected или skipped",
	},
	"desk.no-verb": {
		EN: "there is no order \"{status}\" for a file",
		ZH: "没有针对文件的指令“{status}”",
		RU: "для файла нет распоряжения «{status}»",
	},
}
