package words

// csvWords holds what is said about CSV files: why one cannot be read, what is wrong with a row or a value,
// and what was recognised and left out.
var csvWords = catalogue{
	// The file
	"csv.empty": {
		EN: "The file is empty (0 bytes). Export it again and drop it once more.",
		ZH: "文件是空的（0 字节）。请重新导出后再放入。",
		RU: "Файл пуст (0 байт). Выгрузите его ещё раз и положите снова.",
	},
	"csv.blank": {
		EN: "The file holds only blank lines, no heading and no rows. Export it again and drop it once more.",
		ZH: "文件中只有空行，没有标题行也没有数据。请重新导出后再放入。",
		RU: "В файле только пустые строки: нет ни заголовка, ни данных. Выгрузите его ещё раз и положите снова.",
	},
	"csv.too_big": {
		EN: "The file is larger than {limit}, the most that is accepted. Split it into several files.",
		ZH: "文件超过上限 {limit}。请拆分成几个文件。",
		RU: "Файл больше допустимых {limit}. Разделите его на несколько файлов.",
	},
	"csv.cell_too_big": {
		EN: "A value in row {row} is longer than {limit}. Usually a quotation mark is missing its partner there, or the file is no table: mend the row and drop the file again.",
		ZH: "第 {row} 行有一个值超过 {limit}。通常是那里的引号不成对，或者文件根本不是表格：请改正该行后重新放入。",
		RU: "Значение в строке {row} длиннее {limit}. Обычно там не хватает парной кавычки или файл вовсе не таблица: исправьте строку и положите файл снова.",
	},
	"csv.row_too_big": {
		EN: "Row {row} is longer than {limit}. Usually a quotation mark is missing its partner there, or the file is no table: mend the row and drop the file again.",
		ZH: "第 {row} 行超过 {limit}。通常是那里的引号不成对，或者文件根本不是表格：请改正该行后重新放入。",
		RU: "Строка {row} длиннее {limit}. Обычно там не хватает парной кавычки или файл вовсе не таблица: исправьте строку и положите файл снова.",
	},
	"csv.columns": {
		EN: "Row {row} has more than {limit} columns, the most that is accepted. Check the delimiter, or remove the columns that are not needed.",
		ZH: "第 {row} 行的列数超过上限 {limit}。请检查分隔符，或删除不需要的列。",
		RU: "В строке {row} больше {limit} столбцов – это предел. Проверьте разделитель или удалите лишние столбцы.",
	},
	"csv.rows": {
		EN: "The file has more than {limit} rows, the most that is accepted. Split it into several files.",
		ZH: "文件的行数超过上限 {limit}。请拆分成几个文件。",
		RU: "В файле больше {limit} строк – это предел. Разделите его на несколько файлов.",
	},
	"csv.nul": {
		EN: "Row {row} holds NUL bytes: the file is damaged or no text file. Export it again as CSV and drop it once more.",
		ZH: "第 {row} 行含有 NUL 字节：文件已损坏或不是文本文件。请重新导出为 CSV 后再放入。",
		RU: "В строке {row} есть нулевые байты: файл повреждён или это не текст. Выгрузите его ещё раз как CSV и положите снова.",
	},
	"csv.is_binary": {
		EN: "This is not a text file. Save the table as .xlsx or CSV and drop it again.",
		ZH: "这不是文本文件。请把表格另存为 .xlsx 或 CSV 后重新放入。",
		RU: "Это не текстовый файл. Сохраните таблицу как .xlsx или CSV и положите снова.",
	},
	"csv.is_json": {
		EN: "This is a JSON file, not CSV. Save the table as CSV or .xlsx.",
		ZH: "这是 JSON 文件，不是 CSV。请把表格另存为 CSV 或 .xlsx。",
		RU: "Это JSON, а не CSV. Сохраните таблицу как CSV или .xlsx.",
	},

	// The encoding
	"csv.encoding_unknown": {
		EN: "The setting read: {encoding: {encoding}} names no known encoding. Usual names: utf-8, gb18030, big5, windows-1251, windows-1252, shift_jis, utf-16le.",
		ZH: "设置 read: {encoding: {encoding}} 不是已知的编码。常用名称：utf-8、gb18030、big5、windows-1251、windows-1252、shift_jis、utf-16le。",
		RU: "Настройка read: {encoding: {encoding}} не называет известной кодировки. Обычные имена: utf-8, gb18030, big5, windows-1251, windows-1252, shift_jis, utf-16le.",
	},
	"csv.encoding_unclear": {
		EN: "The encoding of the text is not clear (line {line}); it could be: {fits}. Write the right one into the route, for example read: {encoding: {first}}, or save the file as UTF-8 (in Excel: \"CSV UTF-8\").",
		ZH: "无法确定文本编码（第 {line} 行），可能是：{fits}。请在路由中写明，例如 read: {encoding: {first}}，或将文件另存为 UTF-8（Excel 中选“CSV UTF-8”）。",
		RU: "Кодировка текста неясна (строка {line}); подходят: {fits}. Укажите верную в маршруте, например read: {encoding: {first}}, или сохраните файл в UTF-8 (в Excel: «CSV UTF-8»).",
	},
	"csv.encoding_none": {
		EN: "The text has no known encoding (line {line}): the file is damaged or no text. Save it as UTF-8 (in Excel: \"CSV UTF-8\"), or write its encoding into the route: read: {encoding: …}.",
		ZH: "文本不属于任何已知编码（第 {line} 行）：文件已损坏或不是文本。请另存为 UTF-8（Excel 中选“CSV UTF-8”），或在路由中写明编码：read: {encoding: …}。",
		RU: "Текст не подходит ни под одну известную кодировку (строка {line}): файл повреждён или это не текст. Сохраните его в UTF-8 (в Excel: «CSV UTF-8») или укажите кодировку в маршруте: read: {encoding: …}.",
	},
	"csv.encoding_unfit": {
		EN: "Line {line} holds bytes that are no text in {encoding}. Either the encoding is another one (write it into the route: read: {encoding: …}) or the file is damaged there: save it as UTF-8 and drop it again.",
		ZH: "第 {line} 行含有不属于 {encoding} 编码的字节。可能编码不对（请在路由中写明：read: {encoding: …}），也可能文件在此处损坏：请另存为 UTF-8 后重新放入。",
		RU: "В строке {line} есть байты, которых нет в {encoding}. Либо кодировка другая (укажите её в маршруте: read: {encoding: …}), либо файл там повреждён: сохраните его в UTF-8 и положите снова.",
	},
	"csv.utf8_damaged": {
		EN: "The text is UTF-8, but from line {line} on {count} bytes are damaged. Export the file again; if it really has another encoding, write it into the route: read: {encoding: …}.",
		ZH: "文本是 UTF-8，但从第 {line} 行起有 {count} 个字节损坏。请重新导出；如果确实是其他编码，请在路由中写明：read: {encoding: …}。",
		RU: "Текст в UTF-8, но начиная со строки {line} повреждено байт: {count}. Выгрузите файл ещё раз; если кодировка на самом деле другая, укажите её в маршруте: read: {encoding: …}.",
	},
	"csv.odd": {
		EN: "The text is {encoding}, but its last character is cut in half: the file is not complete. Copy it again.",
		ZH: "文本是 {encoding}，但最后一个字符被截断：文件不完整。请重新复制。",
		RU: "Текст в {encoding}, но последний символ обрезан: файл неполный. Скопируйте его ещё раз.",
	},
	"csv.cut_character": {
		EN: "The file ends in the middle of a {encoding} character: it is not complete. Copy it again.",
		ZH: "文件在一个 {encoding} 字符中间结束：文件不完整。请重新复制。",
		RU: "Файл обрывается посреди символа {encoding}: он неполный. Скопируйте его ещё раз.",
	},
	"csv.reserved": {
		EN: "The last {bytes} bytes of the file are empty and the row before them has no end: the file is not complete. Copy it again.",
		ZH: "文件末尾 {bytes} 个字节是空的，而且前面一行没有结束：文件不完整。请重新复制。",
		RU: "Последние байты файла ({bytes}) пусты, а строка перед ними не закончена: файл неполный. Скопируйте его ещё раз.",
	},

	// The layout
	"csv.delimiter_unclear": {
		EN: "The columns seem to be parted by \"{character}\". If so, write it into the route: read: {delimiter: \"{character}\"}; or save the file with commas, semicolons or tabs.",
		ZH: "各列似乎由“{character}”分隔。如果是，请在路由中写明：read: {delimiter: \"{character}\"}；或用逗号、分号或制表符保存。",
		RU: "Столбцы, похоже, разделены знаком «{character}». Если так, укажите его в маршруте: read: {delimiter: \"{character}\"}; или сохраните файл с запятыми, точками с запятой или табуляцией.",
	},
	"csv.aligned": {
		EN: "The columns stand below each other, filled up with blanks, and no delimiter parts them. Export the table as CSV (comma, semicolon or tab) or as .xlsx.",
		ZH: "各列用空格对齐，没有分隔符。请把表格导出为 CSV（逗号、分号或制表符）或 .xlsx。",
		RU: "Столбцы выровнены пробелами, разделителя между ними нет. Выгрузите таблицу в CSV (запятая, точка с запятой или табуляция) или в .xlsx.",
	},
	"csv.delimiter_bad": {
		EN: "The setting read: {delimiter: {value}} is no single character. Write one character, or tab.",
		ZH: "设置 read: {delimiter: {value}} 不是单个字符。请写一个字符，或 tab。",
		RU: "Настройка read: {delimiter: {value}} – не один символ. Напишите один символ или tab.",
	},
	"csv.typographic": {
		EN: "The values stand in typographic quotation marks ({mark}), as word processors write them; in CSV only straight ones (\") hold a value together. Replace them, or save the table anew as CSV or .xlsx in a spreadsheet; if they belong to the values, write read: {quote: none} into the route.",
		ZH: "各个值用弯引号（{mark}）括起，像是文字处理软件写的；CSV 中只有直引号（\"）才能括起一个值。请替换这些引号，或在表格软件中另存为 CSV 或 .xlsx；如果引号本来就是值的一部分，请在路由中写 read: {quote: none}。",
		RU: "Значения стоят в типографских кавычках ({mark}), как их пишут текстовые редакторы; в CSV значение скрепляют только прямые (\"). Замените их или сохраните таблицу заново как CSV или .xlsx; если кавычки – часть значений, напишите в маршруте read: {quote: none}.",
	},
	"csv.quote_bad": {
		EN: "The setting read: {quote: {value}} is no usable quotation mark. Write one character such as ' or \", or none.",
		ZH: "设置 read: {quote: {value}} 不能用作引号。请写一个字符，如 ' 或 \"，或写 none。",
		RU: "Настройка read: {quote: {value}} не годится как кавычка. Напишите один символ, например ' или \", либо none.",
	},
	"csv.escape_bad": {
		EN: "The setting read: {escape: {value}} is no usable escape character. Write one character such as \\.",
		ZH: "设置 read: {escape: {value}} 不能用作转义符。请写一个字符，如 \\。",
		RU: "Настройка read: {escape: {value}} не годится как знак экранирования. Напишите один символ, например \\.",
	},
	"csv.header_bad": {
		EN: "The setting read: {header: {value}} is none of auto, none, or a row number from 1 to 1000.",
		ZH: "设置 read: {header: {value}} 不是 auto、none 或 1 到 1000 的行号。",
		RU: "Настройка read: {header: {value}} – не auto, не none и не номер строки от 1 до 1000.",
	},
	"csv.header_absent": {
		EN: "Row {row}, which should name the columns, is blank or beyond the end of the file. Correct read: {header: …} in the route, or the file.",
		ZH: "作为标题行的第 {row} 行是空行或超出文件末尾。请改正路由中的 read: {header: …} 或文件。",
		RU: "Строка {row}, где должны быть названия столбцов, пуста или за концом файла. Исправьте read: {header: …} в маршруте или файл.",
	},
	"csv.unclosed": {
		EN: "The file ends inside a quoted value that begins in row {row}: it is not complete, or a quotation mark in that row has no partner. Copy the file again, or mend the row.",
		ZH: "文件在第 {row} 行开始的引号值内结束：文件不完整，或该行引号不成对。请重新复制文件，或改正该行。",
		RU: "Файл кончается внутри значения в кавычках, начатого в строке {row}: он неполный, или в этой строке у кавычки нет пары. Скопируйте файл ещё раз или исправьте строку.",
	},
	"csv.cut_row": {
		EN: "The last row ({row}) has {fields} of {columns} fields and no line end: the file is not complete. Copy it again; if the row is meant so, end the line or remove it.",
		ZH: "最后一行（第 {row} 行）只有 {columns} 个字段中的 {fields} 个，且没有换行：文件不完整。请重新复制；如果该行本来如此，请补上换行或删除该行。",
		RU: "В последней строке ({row}) {fields} из {columns} полей и нет конца строки: файл неполный. Скопируйте его ещё раз; если так и задумано, закончите строку переводом или удалите её.",
	},

	// A row
	"csv.row.unnamed": {
		EN: "This row and those beside it have {fields} fields, but the heading has {columns} {columns:name|names}: which name belongs to which value is not clear. Give every column a name (in R: write.table(…, col.names = NA), or row.names = FALSE).",
		ZH: "该行及相邻各行有 {fields} 个字段，而标题只有 {columns} 个列名：无法确定哪个列名对应哪个值。请给每一列写上列名（在 R 中：write.table(…, col.names = NA) 或 row.names = FALSE）。",
		RU: "В этой строке и соседних полей: {fields}, а имён в заголовке: {columns}; какое имя к какому значению относится, неясно. Дайте имя каждому столбцу (в R: write.table(…, col.names = NA) или row.names = FALSE).",
	},
	"csv.row.comma": {
		EN: "The row has {fields} {fields:field|fields}, but there {columns:is|are} {columns} {columns:column|columns}. Perhaps {value} is one number, whose comma parts fields here: write {point}, put it into quotation marks, or save the file with semicolons between the fields. Else another value holds a comma: put that one into quotation marks.",
		ZH: "该行有 {fields} 个字段，但只有 {columns} 列。{value} 可能是一个数字，其中的小数逗号在此被当作分隔符：请写成 {point}，或给它加上引号，或以分号作分隔符保存文件。否则是另一个值中含有逗号：请给该值加上引号。",
		RU: "В строке полей: {fields}, а столбцов: {columns}. Возможно, {value} — одно число, запятая которого здесь разделяет поля: напишите {point}, возьмите его в кавычки или сохраните файл с точкой с запятой между полями. Иначе запятая есть в другом значении: возьмите его в кавычки.",
	},
	"csv.row.cut": {
		EN: "The file ends in this row without a line end, and its last value may have lost its end: the file may have been cut. Send it again from its source; if it is whole, put a line end behind the row.",
		ZH: "文件在该行结束且没有换行，最后一个值可能不完整：文件可能被截断。请从来源重新发送；如果文件是完整的，请在该行后加上换行。",
		RU: "Файл кончается этой строкой без перевода строки, и её последнее значение, возможно, лишилось конца: файл могли обрезать. Отправьте его из источника ещё раз; если он цел, поставьте после строки перевод строки.",
	},
	"csv.row.too_many": {
		EN: "The row has {fields} {fields:field|fields}, but there {columns:is|are} {columns} {columns:column|columns}. Usually a value holds the delimiter: put that value into quotation marks, or remove what is too much.",
		ZH: "该行有 {fields} 个字段，但只有 {columns} 列。通常是某个值中含有分隔符：请给该值加上引号，或删除多余的部分。",
		RU: "В строке полей: {fields}, а столбцов: {columns}. Обычно в значении есть разделитель: возьмите это значение в кавычки или удалите лишнее.",
	},
	"csv.row.too_few": {
		EN: "The row has {fields} {fields:field|fields}, but there {columns:is|are} {columns} {columns:column|columns}, so values may stand under the wrong heading. Fill in the missing fields (empty ones need their delimiters) or remove the row.",
		ZH: "该行只有 {fields} 个字段，但有 {columns} 列，值可能错位。请补上缺少的字段（空字段也要有分隔符）或删除该行。",
		RU: "В строке полей: {fields}, а столбцов: {columns}, поэтому значения могли сдвинуться. Дополните недостающие поля (у пустых тоже должен быть разделитель) или удалите строку.",
	},
	"csv.row.reference": {
		EN: "The delimiter ; cuts {value}; in two, so that the values behind it stand in wrong columns. Write the character itself, or put the value in quotes.",
		ZH: "分隔符 ; 把 {value}; 切成了两段，其后的值都错了列。请直接写出该字符，或给该值加上引号。",
		RU: "Разделитель ; разрывает {value}; надвое, и следующие значения стоят не в своих столбцах. Впишите сам символ или возьмите значение в кавычки.",
	},
	"csv.row.stray_quote": {
		EN: "The row has text behind a closing quotation mark, so its fields cannot be told apart for certain. Write a quotation mark inside a value twice (\"\"), or remove it.",
		ZH: "该行在结束引号之后还有文字，无法可靠地区分字段。值中的引号请写两次（\"\"），或删除它。",
		RU: "В строке после закрывающей кавычки стоит текст, и поля нельзя надёжно разделить. Кавычку внутри значения пишите дважды (\"\") или удалите её.",
	},

	// A value
	"csv.cell.exponent": {
		EN: "\"{value}\" is a long number that a spreadsheet has shortened; its last digits are lost. Format the column as text, write the full number and save again.",
		ZH: "“{value}”是被电子表格缩短的长数字，末尾数字已丢失。请把该列设为文本格式，写入完整数字后重新保存。",
		RU: "«{value}» – длинное число, которое сократила программа таблиц; последние цифры потеряны. Задайте столбцу формат «Текстовый», впишите число целиком и сохраните снова.",
	},
	"csv.cell.hashes": {
		EN: "\"{value}\": the column was too narrow when the file was saved, and the value is lost. Widen the column and save again.",
		ZH: "“{value}”：保存时列宽不足，值已丢失。请加宽该列后重新保存。",
		RU: "«{value}»: при сохранении столбец был слишком узким, значение потеряно. Расширьте столбец и сохраните снова.",
	},
	"csv.cell.failure": {
		EN: "\"{value}\" is the error of a formula, not a value. Mend the formula or write the value, and save again.",
		ZH: "“{value}”是公式错误，不是值。请修正公式或直接填写值，然后重新保存。",
		RU: "«{value}» – ошибка формулы, а не значение. Исправьте формулу или впишите значение и сохраните снова.",
	},
	"csv.cell.garbled": {
		EN: "\"{value}\" is text that a program read in the wrong encoding before the file got here; it probably was \"{meant}\". Write the value again and send the file as UTF-8 or .xlsx.",
		ZH: "“{value}”是在送达之前就被某个程序用错误编码打开而成的乱码，原文可能是“{meant}”。请重新填写该值，并以 UTF-8 或 .xlsx 发送文件。",
		RU: "«{value}» — текст, который какая-то программа ещё до отправки прочла в неверной кодировке; вероятно, это было «{meant}». Впишите значение заново и отправьте файл в UTF-8 или .xlsx.",
	},
	"csv.cell.escape": {
		EN: "\"{value}\" holds a backslash that stands for something else, as databases write it in a dump (\\N), and it is not clear what. Export the table as CSV with quotation marks (PostgreSQL: COPY … WITH CSV HEADER).",
		ZH: "“{value}”中有数据库导出时使用的反斜杠转义（如 \\N），但无法确定其含义。请导出为带引号的 CSV（PostgreSQL：COPY … WITH CSV HEADER）。",
		RU: "В «{value}» стоит обратная косая черта, которой базы данных обозначают другой знак (как в \\N), и неясно, какой. Выгрузите таблицу как CSV с кавычками (PostgreSQL: COPY … WITH CSV HEADER).",
	},
	"csv.cell.lost_character": {
		EN: "\"{value}\" holds the mark of a letter that was lost before the file got here (U+FFFD). Write the value again and save as UTF-8.",
		ZH: "“{value}”中有在送达之前就已丢失的字符的标记（U+FFFD）。请重新填写该值并以 UTF-8 保存。",
		RU: "В «{value}» стоит знак буквы, потерянной ещё до отправки файла (U+FFFD). Впишите значение заново и сохраните в UTF-8.",
	},

	// What was left out
	"csv.note.utf8": {
		EN: "The route's setting says {encoding}, but the text is plainly UTF-8 and was read so.",
		ZH: "路由设置的编码是 {encoding}，但文本明显是 UTF-8，已按 UTF-8 读取。",
		RU: "В настройке маршрута указана кодировка {encoding}, но текст явно в UTF-8 и так и прочитан.",
	},
	"csv.note.encoding": {
		EN: "The file does not say its encoding; by its letters it was read as {encoding}.",
		ZH: "文件未注明编码；根据文字判断为 {encoding}。",
		RU: "Кодировка в файле не указана; по буквам он прочитан как {encoding}.",
	},
	"csv.note.padding": {
		EN: "{bytes} empty bytes at the end of the file were left out.",
		ZH: "文件末尾的 {bytes} 个空字节已忽略。",
		RU: "Пустые байты в конце файла ({bytes}) пропущены.",
	},
	"csv.note.no_heading": {
		EN: "No row names the columns; they are called column 1, column 2, … If a row does, write its number into the route: read: {header: N}.",
		ZH: "没有找到标题行；各列称为 column 1、column 2……如果有标题行，请在路由中写明行号：read: {header: N}。",
		RU: "Строки с названиями столбцов нет; столбцы названы column 1, column 2, … Если она есть, укажите её номер в маршруте: read: {header: N}.",
	},
	"csv.note.preamble": {
		EN: "Rows above the heading were left out: {count}.",
		ZH: "标题行上方的内容已忽略：{count} 行。",
		RU: "Строки над заголовком пропущены: {count}.",
	},
	"csv.note.blank": {
		EN: "Blank rows were left out: {count}.",
		ZH: "空行已忽略：{count} 行。",
		RU: "Пустые строки пропущены: {count}.",
	},
	"csv.note.totals": {
		EN: "Totals rows were recognised and left out: {count}.",
		ZH: "已识别合计行并忽略：{count} 行。",
		RU: "Итоговые строки распознаны и пропущены: {count}.",
	},
	"csv.note.separator": {
		EN: "Lines drawn with dashes and the like were left out: {count}.",
		ZH: "由横线等组成的分隔行已忽略：{count} 行。",
		RU: "Строки-разделители из чёрточек пропущены: {count}.",
	},
	"csv.note.repeated": {
		EN: "The heading is repeated further down; the repetitions were left out: {count}.",
		ZH: "标题行在下方重复出现；重复的已忽略：{count} 行。",
		RU: "Заголовок повторяется ниже; повторы пропущены: {count}.",
	},
}
