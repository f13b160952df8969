package words

// tables holds what is said about rows and headings, whatever kind of file they stand in.
var tables = catalogue{
	"table.two": {
		EN: "Two tables stand below each other, and the route fits both: one has its heading in row {first} ({names}), the other in row {second} ({others}). Put each into a file of its own, or write which one is meant into the route: read: {header: {first}} or read: {header: {second}}; the other one is then left out.",
		ZH: "文件中上下有两张表，路由对两张都适用：一张的标题在第 {first} 行（{names}），另一张的标题在第 {second} 行（{others}）。请把每张表放入单独的文件，或在路由中写明是哪一张：read: {header: {first}} 或 read: {header: {second}}；另一张将不读取。",
		RU: "Друг под другом стоят две таблицы, и маршрут подходит к обеим: у одной заголовок в строке {first} ({names}), у другой в строке {second} ({others}). Положите каждую в отдельный файл или укажите нужную в маршруте: read: {header: {first}} или read: {header: {second}}; другая тогда не читается.",
	},
	"table.another": {
		EN: "Row {second} ({others}) stands below a blank row and looks like the heading of another table; that of the route has its heading in row {first} ({names}). Put the other table into a file of its own, or write into the route which one is meant: read: {header: {first}}, and what stands below is left out. If row {second} is a record, remove the blank row above it.",
		ZH: "第 {second} 行（{others}）位于空行之下，看起来像另一张表的标题；路由所用的表标题在第 {first} 行（{names}）。请把另一张表放入单独的文件，或在路由中写明：read: {header: {first}}，其下方的内容将不读取。如果第 {second} 行是数据，请删除它上方的空行。",
		RU: "Строка {second} ({others}) стоит под пустой строкой и похожа на заголовок другой таблицы; у таблицы маршрута заголовок в строке {first} ({names}). Положите другую таблицу в отдельный файл или укажите в маршруте нужную: read: {header: {first}}, тогда всё ниже не читается. Если строка {second} – запись, удалите пустую строку над ней.",
	},
	"table.sideways": {
		EN: "The table stands on its side: the headings ({names}) stand below each other in column {column}, and each record is a column. Turn it (in Excel: copy, Paste Special, Transpose), so that the headings stand in one row; or, if it is right as it is, write into the route: read: {header: {row}}.",
		ZH: "表格是横放的：标题（{names}）上下排列在 {column} 列中，每条记录占一列。请转置表格（在 Excel 中：复制，选择性粘贴，转置），使标题位于同一行；如果表格本来就是这样，请在路由中写明：read: {header: {row}}。",
		RU: "Таблица лежит на боку: заголовки ({names}) стоят друг под другом в столбце {column}, а каждая запись – столбец. Поверните её (в Excel: копировать, специальная вставка, транспонировать), чтобы заголовки стояли в одной строке; если же всё верно, укажите в маршруте: read: {header: {row}}.",
	},
	"table.blocks": {
		EN: "Each record stands as a block: its headings ({names}) stand below each other in column {column}, and begin anew with the next record. Export the records as rows, with the headings in one row (psql: \\x off); or, if it is right as it is, write into the route: read: {header: {row}}.",
		ZH: "每条记录单独成块：标题（{names}）上下排列在 {column} 列中，下一条记录又重新开始。请按行导出记录，使标题位于同一行（psql：\\x off）；如果表格本来就是这样，请在路由中写明：read: {header: {row}}。",
		RU: "Каждая запись стоит отдельным блоком: её заголовки ({names}) стоят друг под другом в столбце {column} и начинаются заново со следующей записью. Выгрузите записи строками, с заголовками в одной строке (psql: \\x off); если же всё верно, укажите в маршруте: read: {header: {row}}.",
	},
	"table.beside": {
		EN: "Two tables stand beside each other, parted by an empty column: one with {names}, from column {left} on, the other with {others}, from column {right} on, and their rows do not go together. Put the other one on a sheet or into a file of its own; if it is one table, write into the route: read: {header: {row}}.",
		ZH: "两张表左右并排，中间隔着空列：一张从 {left} 列开始（{names}），另一张从 {right} 列开始（{others}），它们的行互不对应。请把另一张表放到单独的工作表或文件中；如果它们本来就是一张表，请在路由中写明：read: {header: {row}}。",
		RU: "Рядом стоят две таблицы, между ними пустой столбец: одна ({names}) со столбца {left}, другая ({others}) со столбца {right}, и строки их не соответствуют друг другу. Перенесите другую на отдельный лист или в отдельный файл; если это одна таблица, укажите в маршруте: read: {header: {row}}.",
	},
	"table.sunken": {
		EN: "{count} {count:row that looks like a record stands|rows that look like records stand} above the heading, which is row {row} (the first is row {first}). Move the heading above {count:it; or, if it is|all of them; or, if they are} to be left out, write so into the route: read: {header: {row}}.",
		ZH: "标题在第 {row} 行，而它上方有 {count} 行像是数据（首行为第 {first} 行）。请把标题移到所有数据的上方；如果这些行确实不需要，请在路由中写明：read: {header: {row}}。",
		RU: "Над заголовком (строка {row}) стоят строки, похожие на записи: {count}, первая – строка {first}. Переставьте заголовок выше всех; если же эти строки не нужны, укажите это в маршруте: read: {header: {row}}.",
	},
	"table.twofold": {
		EN: "The names of the columns stand in two rows, {first} and {second}, and only those of one are read: {names} would be left out. Write all names into one row, and take the other out.",
		ZH: "列名分别写在第 {first} 行和第 {second} 行，但只会读取其中一行，这些列会被漏掉：{names}。请把所有列名写在同一行，并删除另一行。",
		RU: "Названия столбцов стоят в двух строках, {first} и {second}, а читается только одна: {names} остались бы без внимания. Впишите все названия в одну строку, а другую удалите.",
	},
	"table.note.full": {
		EN: "The table ends in row {row}, the last that a sheet has room for: a program that saves or opens a longer table leaves the rest out, and some do so without a word. Compare the number of rows with where they come from.",
		ZH: "表格正好结束于第 {row} 行，即工作表所能容纳的最后一行：程序保存或打开更长的表格时会丢掉其余的行，有的不作任何提示。请与数据来源核对行数。",
		RU: "Таблица кончается строкой {row}, последней, какая помещается на листе: сохраняя или открывая более длинную таблицу, программы отбрасывают остальное, иные – молча. Сверьте число строк с источником.",
	},
	"table.note.other": {
		EN: "{count} {count:row|rows} of another table below {count:was|were} left out, as the route says with read: {header: …}.",
		ZH: "下方另一张表的 {count} 行未读取（路由中 read: {header: …} 的规定）。",
		RU: "Строки другой таблицы ниже не прочитаны ({count}), как указано в маршруте: read: {header: …}.",
	},
	"table.note.end": {
		EN: "Rows that only mark the end were left out: {count}.",
		ZH: "仅表示结束的行未读取：{count} 行。",
		RU: "Строки, которые лишь отмечают конец, не прочитаны: {count}.",
	},
	"table.note.footer": {
		EN: "Rows with notes, signatures or page numbers were left out: {count}.",
		ZH: "备注、签名或页码行未读取：{count} 行。",
		RU: "Строки с примечаниями, подписями или номерами страниц не прочитаны: {count}.",
	},
	"table.note.numbered": {
		EN: "Rows with nothing but a running number were left out as empty: {count}.",
		ZH: "只有序号、其余为空的行视为空行，未读取：{count} 行。",
		RU: "Строки, в которых только порядковый номер, сочтены пустыми и не прочитаны: {count}.",
	},
	"table.note.hint": {
		EN: "Rows below the heading that say what to write were left out: {count}.",
		ZH: "标题下方的填写说明行未读取：{count} 行。",
		RU: "Строки под заголовком с указаниями по заполнению не прочитаны: {count}.",
	},
	"table.note.example": {
		EN: "Example rows were left out: {count}.",
		ZH: "示例行未读取：{count} 行。",
		RU: "Строки-примеры не прочитаны: {count}.",
	},
	"table.note.no_value": {
		EN: "Cells that hold only a word for no value, such as {value}, count as empty: {count}.",
		ZH: "只写有“无值”标记（如 {value}）的单元格按空白处理：{count} 个。",
		RU: "Ячейки, в которых стоит лишь обозначение пустоты (например, {value}), считаются пустыми: {count}.",
	},
	"table.cell.no_value": {EN: `"{value}" counts as no value`, ZH: `“{value}”按空白处理`, RU: `«{value}» считается пустым`},
	"table.cell.ditto": {
		EN: `"{value}" stands for the value above, and values are not guessed here. Write the value itself.`,
		ZH: "“{value}”表示与上面相同，而这里不会猜测内容。请写出该值本身。",
		RU: "«{value}» означает «то же, что выше», а значения здесь не угадываются. Впишите само значение.",
	},
	"table.cell.formula": {
		EN: `"{value}" is a formula, not what it shows. Write the value itself; if a program exports the table, let it export values instead of formulas.`,
		ZH: "“{value}”是公式，而不是它显示的值。请填写值本身；如果表格由程序导出，请让它导出数值而不是公式。",
		RU: "«{value}» – формула, а не то, что она показывает. Впишите само значение; если таблицу выгружает программа, пусть она выгружает значения вместо формул.",
	},
	"table.note.whole": {
		EN: "{count} whole {count:number|numbers} had .0 or ,0 behind {count:it|them}, as programs write numbers with decimals (13800138000.0); it was taken off.",
		ZH: "有 {count} 个整数后面带有 .0 或 ,0（程序把它们当小数写出，如 13800138000.0），已去掉。",
		RU: "После целых чисел стояло .0 или ,0, как программы пишут дроби (13800138000.0); оно убрано: {count}.",
	},
	"table.note.apostrophe": {
		EN: "A mark for text before the value, an apostrophe or a grave accent, was taken off in {count} {count:cell|cells}.",
		ZH: "有 {count} 个单元格的值前有文本标记（撇号或反引号），已去掉。",
		RU: "Знак текста перед значением (апостроф или обратный апостроф) убран в ячейках: {count}.",
	},
	"table.note.veiled": {
		EN: "Marks that nobody sees, such as {value}, as they come along when texts are copied, were taken out of {count} {count:cell|cells}.",
		ZH: "有 {count} 个单元格含有看不见的字符（如 {value}，复制文本时带入），已去掉。",
		RU: "Невидимые знаки (например, {value}), которые попадают в текст при копировании, убраны; ячеек: {count}.",
	},
	"table.note.escaped": {
		EN: "Character references of HTML, such as {value}, were read as the characters they stand for in {count} {count:cell|cells}.",
		ZH: "有 {count} 个单元格含有 HTML 字符引用（如 {value}），已按其代表的字符读取。",
		RU: "Обозначения символов из HTML (например, {value}) прочитаны как сами символы; ячеек: {count}.",
	},
	"table.row.doubtful": {
		EN: "This row looks like a total, an example or a note rather than a record, so it was not sent. Remove it; if it is a record, write its first value in another way.",
		ZH: "这一行看起来像合计、示例或说明，而不是数据，因此没有发送。请删除该行；如果它确实是数据，请换一种方式填写它的第一个值。",
		RU: "Эта строка похожа на итог, пример или примечание, а не на запись, поэтому она не отправлена. Удалите её; если это запись, напишите её первое значение иначе.",
	},
	"table.row.sum": {
		EN: "This row adds up the rows of a group, as others of this file do, so it was not sent. Remove it; if it is a record, fill in its empty cells.",
		ZH: "这一行像本文件中其他行一样，是一组行的合计，因此没有发送。请删除该行；如果它确实是数据，请填写其空单元格。",
		RU: "Эта строка, как и другие в этом файле, складывает строки группы, поэтому она не отправлена. Удалите её; если это запись, заполните её пустые ячейки.",
	},
	"table.cell.decimals": {
		EN: "{value} can be read in two ways: as {value} with a decimal point, or as {other}, for other values of this column have a decimal comma. Write it without a point between the digits, or all decimals of the column with a point.",
		ZH: "{value} 有两种读法：小数 {value}，或整数 {other}，因为这一列的其他值用逗号作小数点。请去掉数字之间的点，或者把这一列的小数都用点书写。",
		RU: "{value} можно прочесть двояко: как {value} с десятичной точкой или как {other}, потому что в других значениях этого столбца дробь отделена запятой. Уберите точку между цифрами или пишите все дроби столбца с точкой.",
	},
	"table.cell.grouped": {
		EN: "{value} can be read in two ways: as {value} with a decimal point, or as {other}, for other values of this column have points between thousands. Write it without a point between the digits, or thousands without points.",
		ZH: "{value} 有两种读法：小数 {value}，或整数 {other}，因为这一列的其他值用点作千位分隔。请去掉数字之间的点，或者不用点分隔千位。",
		RU: "{value} можно прочесть двояко: как {value} с десятичной точкой или как {other}, потому что в других значениях этого столбца точки отделяют тысячи. Уберите точку между цифрами или пишите тысячи без точек.",
	},
	"table.decimals": {
		EN: "Column \"{column}\" writes numbers in two ways: row {row} has a decimal comma or points between thousands ({value}), and row {first} has a point before three digits, which may be decimals or thousands. Write all of them in one way.",
		ZH: "列“{column}”的数字写法不一致：第 {row} 行用逗号作小数点或用点分隔千位（{value}），而第 {first} 行在三位数字前有点，可能是小数，也可能是千位分隔。请统一写法。",
		RU: "В столбце «{column}» числа записаны двояко: в строке {row} с десятичной запятой или с точками между тысячами ({value}), а в строке {first} точка стоит перед тремя цифрами: это дробь или тысячи. Запишите их одинаково.",
	},
}
