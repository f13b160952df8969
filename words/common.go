package words

// common holds the words of outcomes and of the result file's columns.
var common = catalogue{
	"status.delivered": {EN: "delivered", ZH: "已送达", RU: "доставлено"},
	"status.rejected":  {EN: "rejected", ZH: "被拒绝", RU: "отклонено"},
	"status.invalid":   {EN: "invalid", ZH: "无效", RU: "некорректно"},
	"status.failed":    {EN: "failed", ZH: "失败", RU: "не отправлено"},
	"status.unknown":   {EN: "unknown", ZH: "结果不明", RU: "неизвестно"},
	"status.skipped":   {EN: "skipped", ZH: "已跳过", RU: "пропущено"},
}
