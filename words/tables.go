package words

// tables holds what is said about rows and headings, whatever kind of file they stand in.
var tables = catalogue{
	"table.two": {
		EN: "Two tables stand below each other, and the route fits both: one has its heading in row {first} ({names}), the other in row {second} ({others}). Put each into a file of its own, or write which one is meant into the route: read: {header: {first}} or read: {header: {second}}; the other one is then left out.",
		ZH: "文件中上下有两张表，路由对两张都适用：一张的标题在第 {first} 行（{names}），另一张的标题在第 {second} 行（{others}）。请把每张表放入单独的文件，或在路由中写明是哪一张：read: {header: {first}} 或 read: {header: {second}}；另一张将不读取。",
		RU: "Друг под другом стоят две таблицы, и маршрут подходит к обеим: у одной заголовок в строке {first} ({names}), у другой в строке {second} ({others}). Положите каждую в отдельный файл или укажите нужную в маршруте: read: {header: {first}} или read: {header: {second}}; другая тогда не читается.",
	},
	"table.sunken": {
		EN: "{count} rows that look like records stand above the heading, which is row {row} (the first is row {first}). Move the heading above all of them; or, if they are to be left out, write so into the route: read: {header: {row}}.",
		ZH: "标题在第 {row} 行，而它上方有 {count} 行像是数据（首行为第 {first} 行）。请把标题移到所有数据的上方；如果这些行确实不需要，请在路由中写明：read: {header: {row}}。",
		RU: "Над заголовком (строка {row}) стоят строки, похожие на записи: {count}, первая – строка {first}. Переставьте заголовок выше всех; если же эти строки не нужны, укажите это в маршруте: read: {header: {row}}.",
	},
	"table.note.other": {
		EN: "{count} rows of another table below were left out, as the route says with read: {header: …}.",
		ZH: "下方另一张表的 {count} 行未读取（路由中 read: {header: …} 的规定）。",
		RU: "Строки другой таблицы ниже не прочитаны ({count}), как указано в маршруте: read: {header: …}.",
	},
}
