package words

// results holds what result files say besides the rows' own messages.
var results = catalogue{
	"result.accounting": {
		EN: "rows read {read} = {delivered} delivered + {rejected} rejected + {invalid} invalid + {failed} failed + {unknown} unknown + {skipped} skipped",
		ZH: "读取 {read} 行 = 已送达 {delivered} + 被拒绝 {rejected} + 无效 {invalid} + 失败 {failed} + 结果不明 {unknown} + 已跳过 {skipped}",
		RU: "прочитано строк {read} = доставлено {delivered} + отклонено {rejected} + некорректно {invalid} + не отправлено {failed} + неизвестно {unknown} + пропущено {skipped}",
	},
	"result.accounting_preview": {
		EN: "rows read {read} = {sendable} would be sent + {invalid} invalid + {skipped} skipped; nothing was sent",
		ZH: "读取 {read} 行 = 将发送 {sendable} + 无效 {invalid} + 将跳过 {skipped}；尚未发送任何内容",
		RU: "прочитано строк {read} = будет отправлено {sendable} + некорректно {invalid} + будет пропущено {skipped}; ничего не отправлено",
	},

	// What our own codes mean.
	"code.required":         {EN: "A value that must be there is missing.", ZH: "缺少必填值。", RU: "Нет обязательного значения."},
	"code.type":             {EN: "The value is of another kind than the field: a number, a date, yes or no.", ZH: "值的类型与字段不符（数字、日期、是/否）。", RU: "Значение не того вида, что поле: число, дата, да или нет."},
	"code.lookup":           {EN: "The value is not in the route's table of replacements.", ZH: "该值不在路由的对照表中。", RU: "Значения нет в таблице замен маршрута."},
	"code.date":             {EN: "The value is not a date that can be read without a doubt.", ZH: "该值不是可以确定读取的日期。", RU: "Значение не читается как дата однозначно."},
	"code.expression":       {EN: "The expression of the route gives no value here.", ZH: "路由中的表达式在此处得不到值。", RU: "Выражение маршрута здесь не даёт значения."},
	"code.disagree":         {EN: "Rows of one group have different values where there can be one only.", ZH: "同一组的各行在只能有一个值处取值不同。", RU: "Строки одной группы расходятся там, где значение может быть только одно."},
	"code.group":            {EN: "The row belongs together with others, and one of those is wrong.", ZH: "该行与其他行属于同一组，其中有行出错。", RU: "Строка входит в группу, и в одной из её строк ошибка."},
	"code.unique":           {EN: "The same value stands in another row and may be there once only.", ZH: "该值在另一行已出现，只能出现一次。", RU: "Такое же значение есть в другой строке, а допустимо одно."},
	"code.min_items":        {EN: "There are fewer entries than the provider takes.", ZH: "条目少于服务商要求的数量。", RU: "Записей меньше, чем принимает провайдер."},
	"code.max_items":        {EN: "There are more entries than the provider takes.", ZH: "条目多于服务商允许的数量。", RU: "Записей больше, чем принимает провайдер."},
	"code.list":             {EN: "The value is not in the code list that was loaded.", ZH: "该值不在已载入的代码表中。", RU: "Значения нет в загруженном списке кодов."},
	"code.example":          {EN: "The example of the template, which is not sent.", ZH: "模板自带的示例行，不发送。", RU: "Пример из шаблона, он не отправляется."},
	"code.lost":             {EN: "The request may have arrived and no clear answer came. Look it up at the provider.", ZH: "请求可能已到达，但没有明确答复。请向服务商查询。", RU: "Запрос мог дойти, ясного ответа нет. Проверьте у провайдера."},
	"code.gave-up":          {EN: "The provider could not be reached or was busy for too long. Certainly not processed.", ZH: "服务商长时间无法连接或繁忙。确定未被处理。", RU: "Провайдер слишком долго был недоступен или занят. Точно не обработано."},
	"code.unsendable":       {EN: "The row cannot be written as a request.", ZH: "该行无法写成请求。", RU: "Строку нельзя записать в запрос."},
	"code.interrupted":      {EN: "The program ended while the request was under way; it may have arrived.", ZH: "请求进行中程序终止，请求可能已到达。", RU: "Программа завершилась во время запроса; он мог дойти."},
	"code.cancelled":        {EN: "A person gave the rest of the file up.", ZH: "已由人工取消文件的其余部分。", RU: "Остаток файла отменён человеком."},
	"code.delivered-before": {EN: "The same was delivered before, from this file or another.", ZH: "相同内容此前已送达（来自本文件或其他文件）。", RU: "То же самое уже доставлено — из этого файла или другого."},
	"code.being-sent":       {EN: "Another file is sending the same.", ZH: "另一个文件正在发送相同内容。", RU: "То же самое отправляет другой файл."},
	"code.unknown-before":   {EN: "The same was sent before, and no answer told what happened.", ZH: "相同内容此前已发送，但没有明确答复。", RU: "То же самое уже отправляли, и ответа не было."},
	"code.held":             {EN: "The row may be one that was sent already.", ZH: "该行可能已经发送过。", RU: "Эта строка, возможно, уже отправлена."},
}
