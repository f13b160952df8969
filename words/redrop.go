package words

// redrop holds the words about results that are dropped again.
var redrop = catalogue{
	"redrop.delivered": {
		EN: "delivered before (file {id}), not sent again",
		ZH: "此前已送达（文件 {id}），不再重复发送",
		RU: "доставлено раньше (файл {id}), повторно не отправлено",
	},
	"redrop.delivered.edited": {
		EN: "delivered before (file {id}), not sent again: what was changed in this row since was NOT sent. If it is a new row, clear its cell in the column \"{rowcolumn}\" and drop the file again",
		ZH: "此前已送达（文件 {id}），不再重复发送：此后对该行的修改【没有】发送。如果这是新的一行，请清空其“{rowcolumn}”单元格后重新放入文件",
		RU: "доставлено раньше (файл {id}), повторно не отправлено: изменения, внесённые в строку с тех пор, НЕ отправлены. Если это новая строка, очистите её ячейку в столбце «{rowcolumn}» и положите файл снова",
	},
	"redrop.group.delivered": {
		EN: "not sent: it belongs to the same document as row {rows}, which was delivered before (file {id}); a document that was delivered is never sent again",
		ZH: "未发送：与第 {rows} 行属于同一单证，而该单证此前已送达（文件 {id}）；已送达的单证不会再次发送",
		RU: "не отправлено: строка относится к тому же документу, что и строка {rows}, доставленная раньше (файл {id}); доставленный документ повторно не отправляется",
	},
	"redrop.invalid": {
		EN: "not changed since file {id} and still invalid, so not sent",
		ZH: "自文件 {id} 以来未作修改，仍然无效，未发送",
		RU: "не изменено с файла {id} и по-прежнему некорректно, поэтому не отправлено",
	},
	"redrop.spoilt": {
		EN: "not changed since file {id}, so not sent: mend the row, or write \"{word}\" into its cell in the column \"{column}\" if it is right as it stands here",
		ZH: "自文件 {id} 以来未作修改，未发送：请改正该行；若此处所示内容无误，请在其“{column}”单元格中填写“{word}”",
		RU: "не изменено с файла {id}, поэтому не отправлено: исправьте строку или, если она верна в том виде, в каком стоит здесь, впишите «{word}» в её ячейку столбца «{column}»",
	},
	"redrop.rejected": {
		EN: "not changed since it was refused (file {id}), so not sent again: mend the row, or write \"{word}\" into its cell in the column \"{column}\" to send it as it is",
		ZH: "自被拒绝（文件 {id}）以来未作修改，未再次发送：请改正该行；若要原样重发，请在其“{column}”单元格中填写“{word}”",
		RU: "не изменено после отказа (файл {id}), поэтому повторно не отправлено: исправьте строку или впишите «{word}» в её ячейку столбца «{column}», чтобы отправить как есть",
	},
	"redrop.rejected.misled": {
		EN: "not changed since it was refused (file {id}), so not sent again: \"{word}\" stands beside the number of another row, because rows were moved without our columns. Write it beside this row in the new result",
		ZH: "自被拒绝（文件 {id}）以来未作修改，未再次发送：“{word}”写在了另一行的行号旁边（移动数据时没有连同结果列一起移动）。请在新的结果文件中写在本行",
		RU: "не изменено после отказа (файл {id}), поэтому повторно не отправлено: «{word}» стоит рядом с номером другой строки, так как строки переместили без наших столбцов. Впишите его рядом с этой строкой в новом результате",
	},
	"redrop.unknown": {
		EN: "not sent again, because it may have been processed (file {id}). Look it up at the provider; only if it is not there, write \"{word}\" into its cell in the column \"{column}\" and drop this file again",
		ZH: "未再次发送，因为它可能已被处理（文件 {id}）。请先到服务商查询；确认不存在时，才在其“{column}”单元格中填写“{word}”并重新放入本文件",
		RU: "повторно не отправлено: возможно, запрос уже обработан (файл {id}). Проверьте у провайдера; только если там его нет, впишите «{word}» в ячейку столбца «{column}» и положите этот файл снова",
	},
	"redrop.unknown.edited": {
		EN: "not sent again, because it may have been processed (file {id}); what was changed in this row since was NOT sent. Look it up at the provider; only if it is not there, write \"{word}\" into its cell in the column \"{column}\" and drop this file again",
		ZH: "未再次发送，因为它可能已被处理（文件 {id}）；此后对该行的修改【没有】发送。请先到服务商查询；确认不存在时，才在其“{column}”单元格中填写“{word}”并重新放入本文件",
		RU: "повторно не отправлено: возможно, запрос уже обработан (файл {id}); изменения, внесённые в строку с тех пор, НЕ отправлены. Проверьте у провайдера; только если там его нет, впишите «{word}» в ячейку столбца «{column}» и положите этот файл снова",
	},
	"redrop.unknown.misled": {
		EN: "not sent again, because it may have been processed (file {id}): \"{word}\" stands beside the number of another row, because rows were moved without our columns. Write it beside this row in the new result",
		ZH: "未再次发送，因为它可能已被处理（文件 {id}）：“{word}”写在了另一行的行号旁边（移动数据时没有连同结果列一起移动）。请在新的结果文件中写在本行",
		RU: "повторно не отправлено: возможно, запрос уже обработан (файл {id}); «{word}» стоит рядом с номером другой строки, так как строки переместили без наших столбцов. Впишите его рядом с этой строкой в новом результате",
	},
	"redrop.unknown.group": {
		EN: "not sent again although \"{word}\" was written: another row of its document keeps it back. It may have been processed (file {id})",
		ZH: "虽已填写“{word}”，但未再次发送：同一单证的另一行使其无法发送。它可能已被处理（文件 {id}）",
		RU: "повторно не отправлено, хотя «{word}» вписано: мешает другая строка того же документа. Возможно, запрос уже обработан (файл {id})",
	},
	"redrop.unknown.invalid": {
		EN: "not sent again although \"{word}\" was written, because the row or another of its document is not valid: mend it and drop the file again. It may have been processed (file {id})",
		ZH: "虽已填写“{word}”，但未再次发送，因为该行或同一单证的另一行无效：请改正后重新放入文件。它可能已被处理（文件 {id}）",
		RU: "повторно не отправлено, хотя «{word}» вписано: строка или другая строка того же документа некорректна. Исправьте и положите файл снова. Возможно, запрос уже обработан (файл {id})",
	},
	"redrop.unknown.delivered": {
		EN: "not sent again: it may have been processed (file {id}), and row {rows} of the same document was delivered",
		ZH: "未再次发送：它可能已被处理（文件 {id}），且同一单证的第 {rows} 行已送达",
		RU: "повторно не отправлено: возможно, запрос уже обработан (файл {id}), а строка {rows} того же документа доставлена",
	},
	"redrop.open": {
		EN: "not sent here: {name} (file {id}) is sending this row just now, and its result says what becomes of it",
		ZH: "此处未发送：{name}（文件 {id}）正在发送该行，处理结果见其结果文件",
		RU: "отсюда не отправлено: эту строку сейчас отправляет файл {name} ({id}); что с ней станет, скажет его результат",
	},
	"redrop.open.edited": {
		EN: "not sent here: {name} (file {id}) is sending this row just now, and its result says what becomes of it; what was changed in this row here was NOT sent. If that result says that it was not delivered, drop this result again",
		ZH: "此处未发送：{name}（文件 {id}）正在发送该行，处理结果见其结果文件；此处对该行的修改【没有】发送。如果那里的结果显示未送达，请重新放入本结果文件",
		RU: "отсюда не отправлено: эту строку сейчас отправляет файл {name} ({id}); что с ней станет, скажет его результат. Изменения, внесённые в строку здесь, НЕ отправлены. Если по тому результату она не доставлена, положите этот результат снова",
	},
	"redrop.open.paused": {
		EN: "not sent here: {name} (file {id}) has this row and is paused: {reason}. Let it go on (rowferry resume {id}) or give it up (rowferry cancel {id}); if the row was not delivered then, drop this result again",
		ZH: "此处未发送：该行属于 {name}（文件 {id}），而该文件已暂停：{reason}。请继续发送（rowferry resume {id}）或放弃（rowferry cancel {id}）；此后该行若未送达，请重新放入本结果文件",
		RU: "отсюда не отправлено: эта строка есть в файле {name} ({id}), который приостановлен: {reason}. Продолжите отправку (rowferry resume {id}) или откажитесь от неё (rowferry cancel {id}); если строка после этого не доставлена, положите этот результат снова",
	},
	"redrop.group.open": {
		EN: "not sent: it belongs to the same document as row {rows}, which another file is sending just now; see there",
		ZH: "未发送：与第 {rows} 行属于同一单证，而另一个文件正在发送该行；请参见该行",
		RU: "не отправлено: строка относится к тому же документу, что и строка {rows}, которую сейчас отправляет другой файл; см. там",
	},
	"redrop.group.unknown": {
		EN: "not sent: it belongs to the same document as row {rows}, which may have been processed; see there",
		ZH: "未发送：与第 {rows} 行属于同一单证，而该行可能已被处理；请参见该行",
		RU: "не отправлено: строка относится к тому же документу, что и строка {rows}, которая, возможно, уже обработана; см. там",
	},
	"redrop.group.held": {
		EN: "not sent: it belongs to the same document as row {rows}, of which it cannot be told whether it was sent; see there",
		ZH: "未发送：与第 {rows} 行属于同一单证，而无法判断该行是否已发送；请参见该行",
		RU: "не отправлено: строка относится к тому же документу, что и строка {rows}, о которой нельзя сказать, отправлялась ли она; см. там",
	},
	"redrop.apart": {
		EN: "not sent: to its document also belongs row {rows} of {name} (file {id}), which is not in this file, so the document would go without. Drop the result with all rows of the document; if it is to go without, write \"{word}\" into its cell in the column \"{column}\" and drop this file again",
		ZH: "未发送：{name}（文件 {id}）的第 {rows} 行属于同一单证，但不在本文件中，单证将缺少这些内容。请放入包含该单证所有行的结果；如确需不带这些行发送，请在其“{column}”单元格中填写“{word}”并重新放入本文件",
		RU: "не отправлено: к тому же документу относится строка {rows} файла {name} ({id}), которой в этом файле нет, и документ ушёл бы без неё. Положите результат со всеми строками документа; если он должен уйти без неё, впишите «{word}» в ячейку столбца «{column}» и положите этот файл снова",
	},
	"redrop.apart.sent": {
		EN: "not sent: it belonged to the same document as row {rows} of {name} (file {id}), which was or may have been delivered without it, and what is sent now may replace that. If it is to go all the same, write \"{word}\" into its cell in the column \"{column}\" and drop this file again",
		ZH: "未发送：它与 {name}（文件 {id}）的第 {rows} 行原属同一单证，而后者已经或可能已经单独送达，现在发送可能会将其覆盖。如仍需发送，请在其“{column}”单元格中填写“{word}”并重新放入本文件",
		RU: "не отправлено: строка относилась к тому же документу, что и строка {rows} файла {name} ({id}), которая доставлена или могла быть доставлена без неё, и новая отправка может её заменить. Если её всё же нужно отправить, впишите «{word}» в ячейку столбца «{column}» и положите этот файл снова",
	},
	"redrop.held.guest": {
		EN: "not sent: it is row {row} of {name} (file {id}), which was or may have been delivered. If it is meant to be sent once more, clear its cell in the column \"{rowcolumn}\", write \"{word}\" into the one in the column \"{column}\" and drop this file again",
		ZH: "未发送：它是 {name}（文件 {id}）的第 {row} 行，该行已经或可能已经送达。如确需再次发送，请清空其“{rowcolumn}”单元格，在“{column}”单元格中填写“{word}”，然后重新放入本文件",
		RU: "не отправлено: это строка {row} файла {name} (файл {id}), которая доставлена или могла быть доставлена. Если её нужно отправить ещё раз, очистите её ячейку в столбце «{rowcolumn}», впишите «{word}» в ячейку столбца «{column}» и положите этот файл снова",
	},
	"redrop.held": {
		EN: "not sent: it cannot be told whether this is row {rows} of file {id}, which was or may have been delivered. Compare them; if this is another row, clear its cell in the column \"{rowcolumn}\" and drop this file again to send it as a new one",
		ZH: "未发送：无法判断它是否就是文件 {id} 中已送达或可能已送达的第 {rows} 行。请核对；如果是另外的一行，请清空其“{rowcolumn}”单元格后重新放入本文件，即作为新行发送",
		RU: "не отправлено: нельзя сказать, не та ли это строка {rows} файла {id}, которая доставлена или могла быть доставлена. Сравните; если это другая строка, очистите её ячейку в столбце «{rowcolumn}» и положите этот файл снова, чтобы отправить её как новую",
	},
	"redrop.held.strange": {
		EN: "not sent: the result columns say that it was or may have been delivered, but file {id}, of which this is the result, has no such row. If it comes from the result of another file, drop that one by itself; if it is another row, clear its cell in the column \"{rowcolumn}\" and drop this file again to send it as a new one",
		ZH: "未发送：结果列显示该行已送达或可能已送达，但本结果所对应的文件 {id} 中没有这一行。如果它来自另一个文件的结果，请单独放入那个结果；如果是另外的一行，请清空其“{rowcolumn}”单元格后重新放入本文件，即作为新行发送",
		RU: "не отправлено: по столбцам результата строка доставлена или могла быть доставлена, но в файле {id}, чей это результат, такой строки нет. Если она из результата другого файла, положите тот результат отдельно; если это другая строка, очистите её ячейку в столбце «{rowcolumn}» и положите этот файл снова, чтобы отправить её как новую",
	},
	"redrop.held.again": {
		EN: "not sent: it still cannot be told whether this row was delivered before. Compare it with the delivered rows; if it is another one, clear its cell in the column \"{rowcolumn}\" and drop this file again to send it as a new one",
		ZH: "未发送：仍无法判断该行此前是否已送达。请与已送达的各行核对；如果是另外的一行，请清空其“{rowcolumn}”单元格后重新放入本文件，即作为新行发送",
		RU: "не отправлено: по-прежнему нельзя сказать, не доставлена ли эта строка раньше. Сравните её с доставленными; если это другая строка, очистите её ячейку в столбце «{rowcolumn}» и положите этот файл снова, чтобы отправить её как новую",
	},

	"skip.example": {
		EN: "not sent: it is the example that came with the template, unchanged. To send it, change a value in it; else delete the row",
		ZH: "未发送：这是模板自带的示例行，未作改动。如需发送，请修改其中的值；否则请删除该行",
		RU: "не отправлено: это пример из шаблона, в котором ничего не изменено. Чтобы отправить строку, измените в ней значение; иначе удалите её",
	},

	"redrop.lost": {
		EN: "This is a result file (file id {id}), but the file it reports on is not known here, so nobody can tell which of its rows were delivered. Drop the result with its original name into the inbox it came from. To send rows as a new file, remove the result columns and the rows that were delivered: whatever is left goes, though it went before.",
		ZH: "这是一个结果文件（文件编号 {id}），但此处找不到它所对应的原文件，无法判断哪些行已送达。请以原文件名将结果放入原来的收件文件夹。若要作为新文件发送，请先删除结果列和已送达的行：留下的行都会发送，即使此前已发送过。",
		RU: "Это файл результата (номер файла {id}), но исходный файл здесь неизвестен, и нельзя сказать, какие строки доставлены. Положите результат под исходным именем в ту входящую папку, из которой он получен. Чтобы отправить строки как новый файл, сначала удалите столбцы результата и доставленные строки: всё оставшееся уйдёт, даже если уже уходило.",
	},
	"redrop.route": {
		EN: "This is the result of {name} (file {id}), which belongs to the route {route}, not to {this}. Drop it into the inbox of {route}.",
		ZH: "这是 {name}（文件 {id}）的结果，属于路由 {route}，而不是 {this}。请放入 {route} 的收件文件夹。",
		RU: "Это результат файла {name} ({id}) маршрута {route}, а не {this}. Положите его во входящую папку маршрута {route}.",
	},
	"redrop.operation": {
		EN: "This is the result of {name} (file {id}), which was sent with account {account} and operation {operation}; the route has others now. Nobody can tell what is delivered there. To send all its rows as a new file, also those that were delivered, remove the result columns first.",
		ZH: "这是 {name}（文件 {id}）的结果，当时使用账户 {account} 和操作 {operation} 发送；该路由现已更改，无法判断哪些行在新处已送达。若要将所有行（包括已送达的）作为新文件发送，请先删除结果列。",
		RU: "Это результат файла {name} ({id}), отправленного с учётной записью {account} и операцией {operation}; теперь у маршрута другие. Нельзя сказать, что доставлено там. Чтобы отправить все строки, и доставленные тоже, как новый файл, сначала удалите столбцы результата.",
	},
	"redrop.forgotten": {
		EN: "This is a result of {name} (file {id}), whose rows are not kept any longer (keep in the configuration), so which of them were delivered is not known here. Remove the result columns, the delivered rows, and those of unknown outcome that the provider has, and drop it as a new file: whatever is left goes.",
		ZH: "这是 {name}（文件 {id}）的结果，但该文件的行已超过保留期限（配置中的 keep），此处无法得知哪些行已送达。请删除结果列、已送达的行以及结果不明但服务商处已存在的行，再作为新文件放入：留下的行都会发送。",
		RU: "Это результат файла {name} ({id}), строки которого больше не хранятся (keep в настройках), и неизвестно, какие из них доставлены. Удалите столбцы результата, доставленные строки и те строки с неизвестным итогом, которые у провайдера уже есть, и положите как новый файл: всё оставшееся будет отправлено.",
	},
	"redrop.gone": {
		EN: "This is a result of {name} (file {id}), but the private copy of that file is not in the data folder any longer (keep.originals in the configuration, or somebody removed it), so its rows cannot be compared. Remove the result columns, the delivered rows, and those of unknown outcome that the provider has, and drop it as a new file: whatever is left goes.",
		ZH: "这是 {name}（文件 {id}）的结果，但数据文件夹中已没有该文件的副本（配置中的 keep.originals，或被人删除），无法比对各行。请删除结果列、已送达的行以及结果不明但服务商处已存在的行，再作为新文件放入：留下的行都会发送。",
		RU: "Это результат файла {name} ({id}), но внутренней копии этого файла в папке данных больше нет (keep.originals в настройках, или её удалили), и строки не с чем сравнить. Удалите столбцы результата, доставленные строки и те строки с неизвестным итогом, которые у провайдера уже есть, и положите как новый файл: всё оставшееся будет отправлено.",
	},

	"redrop.note.result": {
		EN: "This is the result of {name} (file {id}), dropped again: {delivered} {delivered:row was|rows were} delivered before, {edited} {edited:is|are} changed, {fresh} {fresh:is|are} new, {kept} {kept:is as it was|are as they were}, {held} cannot be told apart.",
		ZH: "这是 {name}（文件 {id}）的结果再次放入：{delivered} 行此前已送达，{edited} 行有修改，{fresh} 行为新增，{kept} 行未变，{held} 行无法判断。",
		RU: "Это результат файла {name} ({id}), положенный снова: доставлено раньше — {delivered}, изменено — {edited}, новых — {fresh}, без изменений — {kept}, нельзя различить — {held}.",
	},
	"redrop.note.deleted": {
		EN: "{count} {count:row|rows} of file {id} {count:is|are} not in this one any more; what became of {count:it|them} stands in the earlier result.",
		ZH: "文件 {id} 中的 {count} 行已不在本文件中；其处理结果见此前的结果文件。",
		RU: "Строк файла {id}, которых здесь больше нет: {count}; что с ними стало, сказано в прежнем результате.",
	},
	"redrop.note.renoted": {
		EN: "{count} {count:value is|values are} written otherwise than in file {id} (dates, numbers, leading zeros), as a spreadsheet program does when it saves. {count:It counts|They count} as unchanged, and what file {id} had is sent.",
		ZH: "有 {count} 个值的写法与文件 {id} 不同（日期、数字、前导零）：这是表格程序保存时造成的。这些值视为未修改，发送时采用文件 {id} 中的值。",
		RU: "Значений, записанных иначе, чем в файле {id} (даты, числа, ведущие нули): {count}; так их записала программа при сохранении. Они считаются неизменёнными, отправляется то, что было в файле {id}.",
	},
	"redrop.note.emptied": {
		EN: "{count} {count:line has|lines have} nothing left but the result columns; {count:it is no row|they are no rows}.",
		ZH: "{count} 行只剩结果列，不作为数据行。",
		RU: "Строк, где остались только столбцы результата: {count}; это не данные.",
	},
}
