package words

// pipeline holds the words of taking, sending and reporting.
var pipeline = catalogue{
	"take.note.empty": {
		EN: "There are no rows in it.",
		ZH: "其中没有数据行。",
		RU: "В нём нет строк.",
	},
	"route.looked.sheet": {
		EN: "{wrong} The heading that was read is row {row} of the sheet \"{sheet}\": {names}.",
		ZH: "{wrong}读取的标题是工作表“{sheet}”的第 {row} 行：{names}。",
		RU: "{wrong} Прочитан заголовок в строке {row} листа «{sheet}»: {names}.",
	},
	"route.looked.row": {
		EN: "{wrong} The heading that was read is row {row}: {names}.",
		ZH: "{wrong}读取的标题是第 {row} 行：{names}。",
		RU: "{wrong} Прочитан заголовок в строке {row}: {names}.",
	},
	"route.looked.none": {
		EN: "{wrong} No row looks like a heading, so all of them were taken for data; the first row must name the columns.",
		ZH: "{wrong}没有找到像标题的行，因此所有行都被视为数据；第一行必须是列标题。",
		RU: "{wrong} Ни одна строка не похожа на заголовок, и все они приняты за данные; первая строка должна называть столбцы.",
	},
	"route.looked.sheet_none": {
		EN: "{wrong} On the sheet \"{sheet}\" no row looks like a heading, so all of them were taken for data; the first row must name the columns.",
		ZH: "{wrong}工作表“{sheet}”中没有找到像标题的行，因此所有行都被视为数据；第一行必须是列标题。",
		RU: "{wrong} На листе «{sheet}» ни одна строка не похожа на заголовок, и все они приняты за данные; первая строка должна называть столбцы.",
	},
	"route.looked.record": {
		EN: "{wrong} The elements that were read as rows are {record}, with {names}.",
		ZH: "{wrong}作为行读取的元素是 {record}，其中有 {names}。",
		RU: "{wrong} Строками прочитаны элементы {record}, в них {names}.",
	},
	"take.no_rows": {
		EN: "The file has a heading but not one data row. Put the rows below the heading and drop the file again.",
		ZH: "文件只有表头，没有任何数据行。请在表头下方填写数据后重新放入。",
		RU: "В файле есть заголовок, но нет ни одной строки данных. Заполните строки под заголовком и положите файл снова.",
	},
	"take.no_room": {
		EN: "nothing new is taken: the disk of {dir} has {free} MB free, less than free: {least}. What was taken goes on; make room there, and the rest follows by itself",
		ZH: "暂不接收新文件：{dir} 所在磁盘仅剩 {free} MB，低于 free: {least}。已接收的文件会继续处理；请腾出空间，其余文件会自动接收",
		RU: "новое не принимается: на диске {dir} свободно {free} МБ, меньше, чем free: {least}. Принятое отправляется дальше; освободите место, и остальное пойдёт само",
	},
	"take.interrupted": {
		EN: "The command was stopped before the file had been read to its end. Nothing of it was sent; send it again.",
		ZH: "命令在文件读完之前被中止，其中任何内容都没有发送。请重新发送该文件。",
		RU: "Команда была прервана до того, как файл был прочитан до конца. Ничего из него не отправлено; отправьте файл снова.",
	},
	"take.failed": {
		EN: "The file could not be read to its end: {cause}. Nothing of it was sent; send it again.",
		ZH: "文件未能读完：{cause}。其中任何内容都没有发送。请重新发送该文件。",
		RU: "Файл не удалось прочитать до конца: {cause}. Ничего из него не отправлено; отправьте файл снова.",
	},
	"take.reason": {
		EN: "{name} was not taken: nothing of it was sent.\n\n{reason}\n\nWhen that is put right, drop the file again. (file id {id})",
		ZH: "{name} 未被接收：其中任何内容都没有发送。\n\n{reason}\n\n处理好之后，请重新放入该文件。（文件编号 {id}）",
		RU: "{name} не принят: ничего из него не отправлено.\n\n{reason}\n\nКогда это исправлено, положите файл снова. (номер файла {id})",
	},
	"take.duplicate": {
		EN: "{name} has the same content as {earlier}, which was taken on {when} as {id}. Nothing was sent again. What became of its rows stands in the result of {id}: to send some once more, write \"{word}\" into their status cells there and drop that result.",
		ZH: "{name} 与 {when} 以编号 {id} 接收的 {earlier} 内容完全相同，没有重复发送。各行的结果见编号 {id} 的结果文件：如需再次发送其中的行，请在该结果文件的状态单元格中填写“{word}”并重新放入。",
		RU: "{name} совпадает по содержанию с {earlier}, принятым {when} под номером {id}. Повторно ничего не отправлено. Что стало с его строками, стоит в результате {id}: чтобы отправить некоторые ещё раз, впишите там «{word}» в их ячейки статуса и положите этот результат.",
	},
	"take.duplicate.failed": {
		EN: "{rows} {rows:row|rows} of {id} failed and can be sent again: rowferry resend {id} --status failed",
		ZH: "{id} 有 {rows} 行发送失败，可以重新发送：rowferry resend {id} --status failed",
		RU: "Не отправлены строки {id} ({rows}), их можно отправить снова: rowferry resend {id} --status failed",
	},
	"take.duplicate.open": {
		EN: "{rows} {rows:row|rows} of {id} {rows:has|have} no outcome yet: the result comes when they have.",
		ZH: "{id} 还有 {rows} 行没有结果：全部有结果后会生成结果文件。",
		RU: "В {id} ещё без итога строк: {rows}; результат появится, когда они его получат.",
	},
	"take.grew": {
		EN: "The file went on growing after it was taken. What was written later is taken as a file of its own, whose result goes on from this one.",
		ZH: "该文件在接收之后仍在增长。之后写入的内容会作为单独的文件接收，其结果接续本结果。",
		RU: "Файл рос и после того, как был принят. Записанное позже принимается отдельным файлом, его результат продолжает этот.",
	},
	"take.continued.note": {
		EN: "This file goes on from {name}, which was taken as {id} before it was written to its end. What became of its rows up to row {row} is taken over from there; only later rows went with this file.",
		ZH: "本文件接续 {name}（编号 {id}），该文件在写完之前已被接收。第 {row} 行及之前各行的结果取自该文件；本文件只发送之后的行。",
		RU: "Этот файл продолжает {name}, принятый под номером {id} раньше, чем был дописан. Что стало со строками по {row} включительно, взято оттуда; с этим файлом отправлены только следующие.",
	},
	"take.continued.carried": {
		EN: "this is what became of it with file {id}, which is the beginning of this one",
		ZH: "此结果来自文件 {id}，该文件是本文件的开头部分",
		RU: "вот что с ней стало в файле {id}, а он начало этого файла",
	},
	"take.continued.cut": {
		EN: "this is what became of it with file {id}, where the row was not written to its end yet; if what was sent is not what it says here, mend it at the provider",
		ZH: "此结果来自文件 {id}，当时该行尚未写完；如果已发送的内容与此处不同，请在服务商处更正",
		RU: "вот что с ней стало в файле {id}, где она ещё не была дописана; если отправлено не то, что стоит здесь, исправьте у провайдера",
	},
	"take.continued.open": {
		EN: "it is under way with file {id}, which is the beginning of this one; that file's result says what becomes of it",
		ZH: "该行正随文件 {id} 处理，该文件是本文件的开头部分；结果见该文件的结果文件",
		RU: "она отправляется с файлом {id}, а он начало этого файла; что с ней станет, скажет результат того файла",
	},
	"take.continued.group": {
		EN: "not sent: rows {rows} of the same document went with file {id} before this row was written, and a document is not sent twice. Add it at the provider, or drop a file with the whole document if the provider may have it again",
		ZH: "未发送：同一单证的第 {rows} 行已随文件 {id} 发送，当时本行尚未写入，而单证不会发送两次。请在服务商处补充；如果服务商允许重复，请放入包含整份单证的文件",
		RU: "не отправлена: строки {rows} того же документа ушли с файлом {id} раньше, чем записана эта, а документ не отправляется дважды. Добавьте её у провайдера или положите файл со всем документом, если провайдер примет его снова",
	},
	"take.double": {
		EN: "Every row of {name} was in {earlier} already, which was taken on {when} as {id}. Nothing was sent again. What became of its rows stands in the result of {id}: to send some once more, write \"{word}\" into their status cells there and drop that result.",
		ZH: "{name} 的每一行都已包含在 {when} 以编号 {id} 接收的 {earlier} 中，没有重复发送。各行的结果见编号 {id} 的结果文件：如需再次发送其中的行，请在该结果文件的状态单元格中填写“{word}”并重新放入。",
		RU: "Все строки {name} уже были в {earlier}, принятом {when} под номером {id}. Повторно ничего не отправлено. Что стало с его строками, стоит в результате {id}: чтобы отправить некоторые ещё раз, впишите там «{word}» в их ячейки статуса и положите этот результат.",
	},
	"repeats.delivered": {
		EN: "not sent again: the same was delivered on {when}, as row {row} of {name} (file {id}). If it is meant to be sent once more, write \"{word}\" into its cell in the column \"{column}\" of the result and drop that result",
		ZH: "未再次发送：相同内容已于 {when} 作为 {name} 的第 {row} 行送达（文件 {id}）。如确需再发送一次，请在结果文件的“{column}”单元格中填写“{word}”，并重新放入该结果文件",
		RU: "повторно не отправлено: то же самое доставлено {when} как строка {row} файла {name} (файл {id}). Если нужно отправить ещё раз, впишите «{word}» в ячейку столбца «{column}» файла результата и положите этот файл туда же, куда кладёте свои",
	},
	"repeats.sending": {
		EN: "not sent: the same is being sent as row {row} of {name} (file {id}). Should it not be delivered there, drop this row once more; to send it all the same, write \"{word}\" into its cell in the column \"{column}\" of the result and drop that result",
		ZH: "未发送：相同内容正作为 {name} 的第 {row} 行发送（文件 {id}）。若其未能送达，请再次放入本行；如仍要发送，请在结果文件的“{column}”单元格中填写“{word}”，并重新放入该结果文件",
		RU: "не отправлено: то же самое сейчас отправляется как строка {row} файла {name} (файл {id}). Если там оно не будет доставлено, положите эту строку ещё раз; чтобы отправить всё равно, впишите «{word}» в ячейку столбца «{column}» файла результата и положите этот файл туда же, куда кладёте свои",
	},
	"repeats.unclear": {
		EN: "not sent again: the same was sent on {when} as row {row} of {name} (file {id}), and may have been processed. Look it up at the provider; only if it is not there, write \"{word}\" into its cell in the column \"{column}\" of the result and drop that result",
		ZH: "未再次发送：相同内容已于 {when} 作为 {name} 的第 {row} 行发出（文件 {id}），可能已被处理。请先到服务商查询；确认不存在时，才在结果文件的“{column}”单元格中填写“{word}”，并重新放入该结果文件",
		RU: "повторно не отправлено: то же самое отправлялось {when} как строка {row} файла {name} (файл {id}) и, возможно, уже обработано. Проверьте у провайдера; только если там его нет, впишите «{word}» в ячейку столбца «{column}» файла результата и положите этот файл туда же, куда кладёте свои",
	},
	"repeats.bared": {
		EN: "not sent: but for zeros or a plus that its numbers began with there, or zeros that they ended with, the same went on {when} with row {row} of {name} (file {id}); spreadsheet programs leave these out when they save. If the row is meant as it stands here, write \"{word}\" into its cell in the column \"{column}\" of the result and drop that result",
		ZH: "未发送：除数字开头的零或加号、末尾的零以外，相同内容已于 {when} 作为 {name} 的第 {row} 行发出（文件 {id}）；表格软件保存时会去掉这些字符。如本行确实无误，请在结果文件的“{column}”单元格中填写“{word}”，并重新放入该结果文件",
		RU: "не отправлено: то же самое, но с нулями или плюсом в начале чисел либо с нулями в их конце, ушло {when} как строка {row} файла {name} (файл {id}); табличные программы при сохранении их убирают. Если строка верна так, как стоит здесь, впишите «{word}» в ячейку столбца «{column}» файла результата и положите этот файл туда же, куда кладёте свои",
	},
	"repeats.shortened": {
		EN: "not sent: whatever saved this file left out the zeros or the plus that its numbers began with. Row {here} is row {row} of {name} (file {id}) but for them, so \"{value}\" may have begun with some too. Correct the number in the result and drop that result; if the row is meant as it stands here, write \"{word}\" into its cell in the column \"{column}\" there",
		ZH: "未发送：保存此文件的软件去掉了数字开头的零或加号。除此之外，第 {here} 行与 {name} 的第 {row} 行相同（文件 {id}），因此“{value}”开头也可能缺少零或加号。请在结果文件中改正该数字并重新放入该结果文件；如本行确实无误，请在其中的“{column}”单元格中填写“{word}”",
		RU: "не отправлено: программа, сохранившая этот файл, убрала нули или плюс в начале чисел. Строка {here} отличается только этим от строки {row} файла {name} (файл {id}), поэтому и «{value}», возможно, начиналось с них. Исправьте число в файле результата и положите этот файл туда же, куда кладёте свои; если строка верна так, как стоит здесь, впишите «{word}» в ячейку столбца «{column}»",
	},
	"repeats.above": {
		EN: "not sent: it is the same as row {row} above, which goes. If both are meant, write \"{word}\" into its cell in the column \"{column}\" of the result and drop that result",
		ZH: "未发送：与上方发送的第 {row} 行完全相同。如确需两行都发送，请在结果文件的“{column}”单元格中填写“{word}”，并重新放入该结果文件",
		RU: "не отправлено: совпадает со строкой {row} выше, которая отправляется. Если нужны обе, впишите «{word}» в ячейку столбца «{column}» файла результата и положите этот файл туда же, куда кладёте свои",
	},
	"repeats.note.again": {
		EN: "{count} {count:row or document is|rows or documents are} sent although {name} (file {id}) brought the same before; the first is row {row}, as row {above} there on {when}",
		ZH: "有 {count} 行（或单证）照常发送，尽管 {name}（文件 {id}）此前已带来相同内容；第一处为第 {row} 行，对应该文件 {when} 的第 {above} 行",
		RU: "Строки или документы, которые отправляются, хотя то же самое уже было в {name} (файл {id}): {count}; первая — строка {row}, там это строка {above} ({when})",
	},
	"repeats.note.equal": {
		EN: "Rows that equal another row of this file and are sent as well, because nothing in them tells things apart: {count}; the first is row {row}, as row {above}",
		ZH: "有 {count} 行与本文件中的另一行完全相同，仍照常发送，因为其中没有可区分的字段；第一处为第 {row} 行，与第 {above} 行相同",
		RU: "Строки, которые совпадают с другой строкой этого файла и тоже отправляются, так как в них нет поля, которое их различает: {count}; первая — строка {row}, как строка {above}",
	},
	"report.bare": {
		EN: "rowferry's private copy of {name} (file {id}) was removed or changed, and the original is not found any more. So this result has the rows' numbers and outcomes, and not the sender's own columns",
		ZH: "rowferry 为 {name}（文件 {id}）保存的副本已被删除或改动，原文件也找不到了。因此本结果只有各行的行号和结果，没有发送方自己的列",
		RU: "собственная копия {name} (файл {id}) удалена или изменена, и исходного файла больше нет. Поэтому в этом результате есть номера строк и их итоги, но нет столбцов отправителя",
	},
	"skip.group": {
		EN: "not sent because it belongs to the same document as row {rows}, which is invalid: mend that row, then the whole document goes",
		ZH: "未发送：与无效的第 {rows} 行属于同一单证；改正该行后，整份单证会一起发送",
		RU: "не отправлено: строка относится к тому же документу, что и некорректная строка {rows}; исправьте её, и документ уйдёт целиком",
	},
	"skip.cancelled": {
		EN: "not sent: the file was cancelled before its turn",
		ZH: "未发送：轮到该行之前文件已被取消",
		RU: "не отправлено: файл отменён до того, как до строки дошла очередь",
	},
	"send.masked": {
		EN: "its private fields were sealed (mask) and cannot be opened any more, because the copy of the file is not kept (keep: originals): nothing was sent. Drop the row again",
		ZH: "其私密字段已被封存（mask），而文件副本已不再保留（keep: originals），无法再打开：没有发送任何内容。请重新放入该行",
		RU: "его закрытые поля были запечатаны (mask), и открыть их больше нельзя: копия файла не хранится (keep: originals). Ничего не отправлено; положите строку ещё раз",
	},
	"send.lost": {
		EN: "it was or may have been sent, and no answer tells what happened. Look it up at the provider; only if it is not there, write resend into its status cell and drop this result again, or use: rowferry resend {id} --status unknown",
		ZH: "请求已经或可能已经发出，但没有收到能说明结果的答复。请先到服务商查询；确认不存在时，才在其状态单元格写“重发”并重新放入本结果文件，或使用：rowferry resend {id} --status unknown",
		RU: "запрос ушёл или мог уйти, но ответа о результате нет. Проверьте у провайдера; только если там его нет, впишите в ячейку статуса «отправить снова» и положите этот результат ещё раз, или: rowferry resend {id} --status unknown",
	},
	"send.unanswered": {
		EN: "it was or may have been sent, and no answer tells what happened ({cause}). Look it up at the provider; only if it is not there, write resend into its status cell and drop this result again, or use: rowferry resend {id} --status unknown",
		ZH: "请求已经或可能已经发出，但没有收到能说明结果的答复（{cause}）。请先到服务商查询；确认不存在时，才在其状态单元格写“重发”并重新放入本结果文件，或使用：rowferry resend {id} --status unknown",
		RU: "запрос ушёл или мог уйти, но ответа о результате нет ({cause}). Проверьте у провайдера; только если там его нет, впишите в ячейку статуса «отправить снова» и положите этот результат ещё раз, или: rowferry resend {id} --status unknown",
	},
	"send.interrupted": {
		EN: "rowferry was stopped while it was being sent, so it may have been processed. Look it up at the provider; only if it is not there, write resend into its status cell and drop this result again, or use: rowferry resend {id} --status unknown",
		ZH: "发送过程中 rowferry 被中断，请求可能已被处理。请先到服务商查询；确认不存在时，才在其状态单元格写“重发”并重新放入本结果文件，或使用：rowferry resend {id} --status unknown",
		RU: "rowferry был остановлен во время отправки, запрос мог быть обработан. Проверьте у провайдера; только если там его нет, впишите в ячейку статуса «отправить снова» и положите этот результат ещё раз, или: rowferry resend {id} --status unknown",
	},
	"send.failed": {
		EN: "the provider could not be reached or did not process it until {for} had passed ({cause}). It was certainly not processed; send it again when the provider is back: rowferry resend {id} --status failed",
		ZH: "在 {for} 内始终无法连接服务商或服务商未予处理（{cause}）。请求肯定没有被处理；服务恢复后可重新发送：rowferry resend {id} --status failed",
		RU: "за {for} провайдер не ответил или не обработал запрос ({cause}). Запрос точно не обработан; отправьте снова, когда провайдер будет доступен: rowferry resend {id} --status failed",
	},
	"send.too_long": {
		EN: "the provider asks to wait {after} before the next try ({cause}), longer than the {for} that retry.for of the account leaves. It was certainly not processed; send it again after that time: rowferry resend {id} --status failed",
		ZH: "服务商要求等待 {after} 后再试（{cause}），超出账户 retry.for 的 {for}。请求肯定没有被处理；过了这段时间可重新发送：rowferry resend {id} --status failed",
		RU: "провайдер просит подождать {after} до следующей попытки ({cause}), это дольше, чем {for} из retry.for учётной записи. Запрос точно не обработан; отправьте снова после этого времени: rowferry resend {id} --status failed",
	},
	"send.unclear": {
		EN: "the answer does not tell what happened ({answer}). Look it up at the provider; only if it is not there, write resend into its status cell and drop this result again, or use: rowferry resend {id} --status unknown",
		ZH: "答复没有说明结果（{answer}）。请先到服务商查询；确认不存在时，才在其状态单元格写“重发”并重新放入本结果文件，或使用：rowferry resend {id} --status unknown",
		RU: "из ответа не видно, что произошло ({answer}). Проверьте у провайдера; только если там его нет, впишите в ячейку статуса «отправить снова» и положите этот результат ещё раз, или: rowferry resend {id} --status unknown",
	},
	"check.request": {
		EN: "would be sent in request {number} (rows {rows})",
		ZH: "将在第 {number} 个请求中发送（第 {rows} 行）",
		RU: "ушло бы в запросе {number} (строки {rows})",
	},
	"send.silent": {
		EN: "the provider refused it with code {code} and no further word",
		ZH: "服务商以代码 {code} 拒绝，未作任何说明",
		RU: "провайдер отказал с кодом {code} без пояснений",
	},
	"send.blamed": {
		EN: "refused because of row {rows} of the same document: {message}",
		ZH: "因同一单证的第 {rows} 行被拒绝：{message}",
		RU: "отклонено из-за других строк того же документа ({rows}): {message}",
	},
	"send.pointed": {
		EN: "Cell {cell} ({field}): {text}",
		ZH: "单元格 {cell}（{field}）：{text}",
		RU: "Ячейка {cell} ({field}): {text}",
	},
	"send.absent": {
		EN: "it was done already when it was sent again: the first request had worked ({message})",
		ZH: "再次发送时发现已经完成：第一次请求已经成功（{message}）",
		RU: "при повторной отправке уже было выполнено: первый запрос сработал ({message})",
	},
	"pause.refusals": {
		EN: "paused after {count} equal refusals in a row (code {code}: {message}). Mend the cause, then: rowferry resume {id}. To give the rest up: rowferry cancel {id}",
		ZH: "连续 {count} 次相同的拒绝（代码 {code}：{message}），已暂停。排除原因后运行：rowferry resume {id}；放弃剩余部分：rowferry cancel {id}",
		RU: "приостановлено после {count} одинаковых отказов подряд (код {code}: {message}). Устраните причину, затем: rowferry resume {id}. Отказаться от остального: rowferry cancel {id}",
	},
	"pause.unknown": {
		EN: "paused after {count} unknown outcomes in a row; look these rows up at the provider. When it answers again: rowferry resume {id}. To give the rest up: rowferry cancel {id}. The last one: {message}",
		ZH: "连续 {count} 个结果不明，已暂停；请到服务商逐一查询这些行。服务恢复应答后运行：rowferry resume {id}；放弃剩余部分：rowferry cancel {id}。最后一个：{message}",
		RU: "приостановлено после {count} неизвестных итогов подряд; проверьте эти строки у провайдера. Когда он снова ответит: rowferry resume {id}. Отказаться от остального: rowferry cancel {id}. Последний: {message}",
	},
	"lane.auth": {
		EN: "the provider refuses the account {account}: {message}. Check its credentials; waiting rows are kept and one request is tried from time to time, or at once: rowferry resume {account}",
		ZH: "服务商拒绝账户 {account}：{message}。请检查其凭据；等待的行会保留，系统会不时用一个请求重试；立即重试：rowferry resume {account}",
		RU: "провайдер отказывает учётной записи {account}: {message}. Проверьте её данные; ожидающие строки сохранены, время от времени пробуется один запрос, а сразу: rowferry resume {account}",
	},
	"lane.config": {
		EN: "the provider refuses the requests of account {account} as such: {message}. Check the account's balance and permissions at the provider, the server and the version; waiting rows are kept and one request is tried from time to time, or at once: rowferry resume {account}",
		ZH: "服务商拒绝账户 {account} 的请求本身：{message}。请在服务商处检查账户的余额和权限，并检查服务器和版本；等待的行会保留，系统会不时用一个请求重试；立即重试：rowferry resume {account}",
		RU: "провайдер отказывает запросам учётной записи {account} как таковым: {message}. Проверьте у провайдера баланс и права учётной записи, а также сервер и версию; ожидающие строки сохранены, время от времени пробуется один запрос, а сразу: rowferry resume {account}",
	},
	"lane.outage": {
		EN: "nothing gets through to the provider of account {account}: {cause}. Its rows wait and are tried again while rowferry runs",
		ZH: "账户 {account} 的请求都到不了服务商：{cause}。其各行会保留，rowferry 运行期间会继续重试",
		RU: "до провайдера учётной записи {account} ничего не доходит: {cause}. Строки ждут и пробуются снова, пока rowferry работает",
	},
	"lane.restored": {
		EN: "a backup of {at} was put back: rows of account {account} may have been sent since. Look them up, then let it go on with: rowferry resume {account}",
		ZH: "已恢复 {at} 的备份：账户 {account} 的行可能在此之后已经发送。请先核对，再用以下命令继续：rowferry resume {account}",
		RU: "восстановлена копия от {at}: строки учётной записи {account} могли быть отправлены после неё. Проверьте их, затем продолжите: rowferry resume {account}",
	},
	"lane.copied": {
		EN: "the data folder is a copy (before, it lay in {dir} on {host}): the open rows of account {account} may have been sent since it was made, or be sent from there. If it was only moved, while nothing ran, let them go with: rowferry resume {account}. Else look them up first, and give up what was sent with: rowferry cancel ID",
		ZH: "数据文件夹是一份副本（之前位于 {host} 的 {dir}）：账户 {account} 中未完成的行可能在复制之后已经发送，或正由原处发送。如果只是在停止时移动了文件夹，请用以下命令继续：rowferry resume {account}。否则请先核对，已发送的用 rowferry cancel ID 放弃",
		RU: "папка данных — копия (раньше она лежала в {dir} на {host}): незавершённые строки учётной записи {account} могли быть отправлены после её создания или отправляются оттуда. Если папку только перенесли, пока ничего не работало, продолжите: rowferry resume {account}. Иначе сначала проверьте их, а от отправленных откажитесь: rowferry cancel ID",
	},
	"lane.person": {
		EN: "paused by a person; let it go on with: rowferry resume {account}",
		ZH: "已由人工暂停；继续请运行：rowferry resume {account}",
		RU: "приостановлено человеком; продолжить: rowferry resume {account}",
	},
}
