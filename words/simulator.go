package words

// simulation holds what people who run the simulator are told.
var simulation = catalogue{
	"simulator.loopback": {
		EN: "simulators listen on this machine only, because they believe everybody: write 127.0.0.1:PORT instead of {address}",
		ZH: "模拟器不验证来访者，只能在本机监听：请用 127.0.0.1:端口 代替 {address}",
		RU: "симуляторы верят всем и потому слушают только на этой машине: вместо {address} напишите 127.0.0.1:ПОРТ",
	},
	"simulator.rate": {
		EN: "{value} is not a rate. Write a number of requests and a period, such as 10/s or 1600/h",
		ZH: "{value} 不是速率。请填写请求数和周期，如 10/s 或 1600/h",
		RU: "{value} не является частотой. Напишите число запросов и период: 10/s или 1600/h",
	},
	"simulator.no_success": {
		EN: "the document of {operation} shows no answer that means success, so the simulator cannot give one. Add an example to responses, with x-rowferry: {class}",
		ZH: "{operation} 的文档没有表示成功的应答示例，模拟器无法给出。请在 responses 中添加示例，并注明 x-rowferry: {class}",
		RU: "в документе {operation} нет примера успешного ответа, и симулятор не может его дать. Добавьте пример в responses с x-rowferry: {class}",
	},
}
