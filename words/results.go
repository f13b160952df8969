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
}
