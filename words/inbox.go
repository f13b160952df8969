package words

// inbox holds what is said about the places that files come from.
var inbox = catalogue{
	"inbox.unmarked": {
		EN: "It waits for its marker {marker}, whose arrival says that it is complete (done in the route's inbox).",
		ZH: "正在等待标记文件 {marker}；该文件出现才表示上传完成（见路由 inbox 中的 done）。",
		RU: "Файл ждёт метку {marker}: её появление означает, что он передан целиком (done в настройке inbox маршрута).",
	},
	"inbox.locked": {
		EN: "A program has it open or is still writing it, or crashed meanwhile: {lock} lies beside it. Close the file; if no program has it open, delete {lock}.",
		ZH: "有程序正打开或仍在写入该文件（或曾异常退出）：旁边有 {lock}。请关闭该文件；如果没有程序打开它，请删除 {lock}。",
		RU: "Программа открыла файл или ещё пишет его либо прервалась при этом: рядом лежит {lock}. Закройте файл; если он никем не открыт, удалите {lock}.",
	},
	"inbox.open": {
		EN: "A program has it open. It is taken as soon as the program closes it.",
		ZH: "有程序正打开该文件。程序关闭文件后会立即接收。",
		RU: "Файл открыт в программе. Он будет принят, как только она его закроет.",
	},
	"inbox.conflict_copy": {
		EN: "By its name this is a copy that a sync program made because the file was changed in two places. Its rows may be those of the other copy, so nothing of it was sent. Compare the two; if rows of this one are to go, drop it under a name without the program's mark.",
		ZH: "从文件名看，这是同步软件因文件在两处被修改而生成的冲突副本。其中的行可能与另一份相同，因此没有发送任何内容。请比较两份文件；如需发送此文件中的行，请去掉文件名中的冲突标记后重新放入。",
		RU: "Судя по имени, это копия, которую сделала программа синхронизации, потому что файл изменили в двух местах. Её строки могут совпадать со строками другой копии, поэтому из неё ничего не отправлено. Сравните файлы; если строки этой копии нужны, положите её под именем без пометки программы.",
	},
	"inbox.missing": {
		EN: "The inbox folder {dir} is not there. Create it, or mount it again; files are taken as soon as it is back.",
		ZH: "收件文件夹 {dir} 不存在。请创建该文件夹或重新挂载；恢复后会自动继续接收文件。",
		RU: "Папки входящих файлов {dir} нет. Создайте её или подключите снова; файлы будут приниматься, как только она появится.",
	},
	"inbox.emptied": {
		EN: "The inbox folder {dir} no longer has the files that were taken from it. If its disk was unmounted, mount it again; the work goes on from there.",
		ZH: "收件文件夹 {dir} 中已接收的文件不见了。如果其磁盘被卸载，请重新挂载；处理会从中断处继续。",
		RU: "В папке {dir} больше нет принятых из неё файлов. Если диск отключён, подключите его снова; работа продолжится с этого места.",
	},
	"inbox.not_a_folder": {
		EN: "The inbox {dir} is not a folder. Name a folder in the route's inbox: dir.",
		ZH: "收件位置 {dir} 不是文件夹。请在路由的 inbox: dir 中填写一个文件夹。",
		RU: "{dir} не является папкой. Укажите папку в настройке маршрута inbox: dir.",
	},
	"places.open_files": {
		EN: "{dir} cannot be opened: {cause}. As many files are open as may be. Raise the limit of rowferry (LimitNOFILE= of its service, ulimit -n) or of the machine (fs.file-max); it goes on by itself when there is room.",
		ZH: "无法打开 {dir}：{cause}。打开的文件数已达上限。请调高 rowferry 的上限（服务的 LimitNOFILE=，或 ulimit -n）或整机上限（fs.file-max）；有余量后会自动继续。",
		RU: "{dir} не открывается: {cause}. Открыто столько файлов, сколько разрешено. Увеличьте предел для rowferry (LimitNOFILE= службы, ulimit -n) или для машины (fs.file-max); когда появится запас, работа продолжится сама.",
	},
	"inbox.unlisted": {
		EN: "The inbox folder {dir} cannot be listed: {cause}. Give the user that runs rowferry the right to read it.",
		ZH: "无法列出收件文件夹 {dir} 的内容：{cause}。请授予运行 rowferry 的用户读取权限。",
		RU: "Не удаётся прочитать список файлов папки {dir}: {cause}. Дайте пользователю, от имени которого работает rowferry, право на чтение.",
	},
	"inbox.unwritable": {
		EN: "The inbox folder {dir} cannot be written to: {cause}. Taken files are moved into folders below it; give the user that runs rowferry the right to write, or set after: keep.",
		ZH: "收件文件夹 {dir} 不可写：{cause}。接收的文件会移入其下的子文件夹；请授予运行 rowferry 的用户写入权限，或设置 after: keep。",
		RU: "В папку {dir} нельзя писать: {cause}. Принятые файлы перемещаются в её подпапки; дайте пользователю rowferry право на запись или задайте after: keep.",
	},
	"inbox.other_disk": {
		EN: "{folder} lies on another disk than the inbox {dir}. Files are claimed by a move within one disk; make it an ordinary folder of the inbox.",
		ZH: "{folder} 与收件文件夹 {dir} 不在同一磁盘上。文件只能在同一磁盘内移动；请把它改为收件文件夹下的普通文件夹。",
		RU: "{folder} находится на другом диске, чем папка входящих {dir}. Файлы перемещаются только в пределах одного диска; сделайте её обычной подпапкой входящих.",
	},
	"inbox.own_folder": {
		EN: "{folder} is needed as a folder of the inbox, but something else is there (a file or a link). Move it away.",
		ZH: "收件文件夹需要使用 {folder} 作为子文件夹，但该位置已有其他内容（文件或链接）。请将其移走。",
		RU: "{folder} нужна как подпапка входящих, но там находится что-то другое (файл или ссылка). Уберите это.",
	},
	"inbox.foreign": {
		EN: "{folder} belongs to another user, who could take away or exchange what rowferry puts there. Nothing is taken from this inbox until it is moved away, or given to the user that runs rowferry.",
		ZH: "{folder} 属于其他用户，该用户可以拿走或替换 rowferry 放在那里的文件。请将其移走，或把它交给运行 rowferry 的用户；在此之前不会从该收件文件夹接收任何文件。",
		RU: "{folder} принадлежит другому пользователю: он мог бы забрать или подменить то, что туда кладёт rowferry. Уберите её или передайте пользователю, от имени которого работает rowferry; до этого из этой папки ничего не принимается.",
	},
	"inbox.never_whole": {
		EN: "The file did not change for {patience} and is not waited for any longer. {why}",
		ZH: "文件在 {patience} 内没有变化，不再等待。{why}",
		RU: "Файл не менялся {patience}, больше его не ждут. {why}",
	},
	"inbox.no_right_to_read": {
		EN: "The file may not be read: {cause}. Give the user that runs rowferry the right to read it, and send it again.",
		ZH: "没有读取该文件的权限：{cause}。请授予运行 rowferry 的用户读取权限，然后重新发送。",
		RU: "Нет права читать файл: {cause}. Дайте пользователю, от имени которого работает rowferry, право на чтение и отправьте файл снова.",
	},
	"inbox.misfit": {
		EN: "{name} lies in the inbox and is not taken: its name does not fit the names that this route takes (match). Rename it, or drop it where it belongs.",
		ZH: "{name} 位于收件文件夹中但不会被接收：其名称不符合此路由接收的文件名（match）。请重命名，或放到正确的位置。",
		RU: "{name} лежит во входящей папке и не принимается: имя не подходит под те, что берёт этот маршрут (match). Переименуйте файл или положите его туда, где его ждут.",
	},
	"inbox.folder": {
		EN: "{name} is a folder and is not taken: only files that lie in the inbox itself are. Drop the files that are in it, not the folder.",
		ZH: "{name} 是文件夹，不会被接收：只接收直接位于收件文件夹中的文件。请放入其中的文件，而不是整个文件夹。",
		RU: "{name} — это папка, она не принимается: берутся только файлы, лежащие в самой входящей папке. Положите файлы из неё, а не папку.",
	},
	"inbox.shortcut": {
		EN: "{name} lies in the inbox and is not taken: it is only a shortcut, which leads to a file and has none of its rows. Drop a copy of the file itself.",
		ZH: "{name} 位于收件文件夹中但不会被接收：它只是指向文件的快捷方式，不含任何数据行。请放入文件本身的副本。",
		RU: "{name} лежит во входящей папке и не принимается: это лишь ярлык, который ведёт к файлу, строк в нём нет. Положите копию самого файла.",
	},
	"inbox.mail": {
		EN: "{name} lies in the inbox and is not taken: it is an e-mail. Save the spreadsheet that is attached to it, and drop that.",
		ZH: "{name} 位于收件文件夹中但不会被接收：它是电子邮件。请保存其中的表格附件，然后放入附件。",
		RU: "{name} лежит во входящей папке и не принимается: это письмо. Сохраните вложенную в него таблицу и положите её.",
	},
	"inbox.unfinished": {
		EN: "{name} lies in the inbox and is not taken: by its name it is not yet whole, and it has not changed for {long}. Most likely an upload or a download broke off: send the file again. If it is whole, give it its own name.",
		ZH: "{name} 位于收件文件夹中但不会被接收：从名称看文件尚未完整，且已有 {long} 没有变化。很可能上传或下载中断了：请重新发送。如果文件是完整的，请改为正式名称。",
		RU: "{name} лежит во входящей папке и не принимается: судя по имени, файл ещё не целый, и он не менялся {long}. Скорее всего, передача прервалась: отправьте файл снова. Если он целый, дайте ему его настоящее имя.",
	},
	"inbox.unfit": {
		EN: "{name} lies in the inbox and is not taken: it is no file, but a link, a pipe or a device. Drop the file itself.",
		ZH: "{name} 位于收件文件夹中但不会被接收：它不是文件，而是链接、管道或设备。请放入文件本身。",
		RU: "{name} лежит во входящей папке и не принимается: это не файл, а ссылка, канал или устройство. Положите сам файл.",
	},
	"inbox.waits": {
		EN: "{name} lies in the inbox and is not taken yet. {why}",
		ZH: "{name} 位于收件文件夹中，暂时尚未接收。{why}",
		RU: "{name} лежит во входящей папке и пока не принимается. {why}",
	},
	"inbox.more": {
		EN: "… and {count} more.",
		ZH: "……另有 {count} 个。",
		RU: "… и ещё {count}.",
	},
	"inbox.misnamed": {
		EN: "{name} lies in the inbox and is not taken: its name is too long, or holds bytes that are no text in UTF-8, path separators, or characters that steer what shows it. Rename it with letters, digits and common signs, and have it sent under such names.",
		ZH: "{name} 位于收件文件夹中但不会被接收：其名称过长，或含有非 UTF-8 字节、路径分隔符或会影响显示的字符。请改用字母、数字和常见符号命名，并请发送方使用这样的名称。",
		RU: "{name} лежит во входящей папке и не принимается: имя слишком длинное или содержит байты не в UTF-8, разделители путей либо символы, меняющие его вид. Переименуйте файл, используя буквы, цифры и обычные знаки, и попросите присылать файлы под такими именами.",
	},
	"place.remounted": {
		EN: "The folder {dir} lies on another file system than before: {was} then, {now} now. Most likely a mount is off, so nothing is taken from there or put there. Mount it again; if the folder was moved for good, delete {file}.",
		ZH: "文件夹 {dir} 所在的文件系统与之前不同：之前是 {was}，现在是 {now}。很可能挂载已断开，因此不会从中接收文件，也不会写入文件。请重新挂载；如果文件夹确已永久迁移，请删除 {file}。",
		RU: "Папка {dir} лежит на другой файловой системе, чем раньше: было {was}, стало {now}. Скорее всего, диск отключён, поэтому оттуда ничего не берётся и туда ничего не пишется. Подключите его снова; если папку перенесли насовсем, удалите {file}.",
	},
	"outbox.missing": {
		EN: "The outbox folder {dir} is not there. Create it, or mount it again; results are put there as soon as it is back.",
		ZH: "结果文件夹 {dir} 不存在。请创建该文件夹或重新挂载；恢复后会自动写入结果。",
		RU: "Папки результатов {dir} нет. Создайте её или подключите снова; результаты появятся, как только она будет на месте.",
	},
	"outbox.not_a_folder": {
		EN: "The outbox {dir} is not a folder. Name a folder in the route's outbox: dir.",
		ZH: "结果位置 {dir} 不是文件夹。请在路由的 outbox: dir 中填写一个文件夹。",
		RU: "{dir} не является папкой. Укажите папку в настройке маршрута outbox: dir.",
	},
	"outbox.unlisted": {
		EN: "The outbox folder {dir} cannot be listed: {cause}. Give the user that runs rowferry the right to read it.",
		ZH: "无法列出结果文件夹 {dir} 的内容：{cause}。请授予运行 rowferry 的用户读取权限。",
		RU: "Не удаётся прочитать список файлов папки {dir}: {cause}. Дайте пользователю, от имени которого работает rowferry, право на чтение.",
	},
	"outbox.unwritable": {
		EN: "The outbox folder {dir} cannot be written to: {cause}. Give the user that runs rowferry the right to write there; the results are kept and put there then.",
		ZH: "结果文件夹 {dir} 不可写：{cause}。请授予运行 rowferry 的用户写入权限；结果会保留，届时自动写入。",
		RU: "В папку {dir} нельзя писать: {cause}. Дайте пользователю rowferry право на запись; результаты сохранены и будут записаны туда.",
	},
	"outbox.taken_away": {
		EN: "What is written to the outbox folder {dir} is taken away before it has its final name. Find the program that does it, or set write: direct in the route's outbox.",
		ZH: "写入结果文件夹 {dir} 的文件在改为正式名称之前就被取走。请找出是哪个程序所为，或在路由的 outbox 中设置 write: direct。",
		RU: "То, что пишется в папку результатов {dir}, забирают до получения окончательного имени. Найдите программу, которая это делает, или задайте write: direct в outbox маршрута.",
	},
	"outbox.unrenamed": {
		EN: "Files in the outbox folder {dir} cannot be renamed: {cause}. Results appear by renaming; give the user that runs rowferry the right.",
		ZH: "无法重命名结果文件夹 {dir} 中的文件：{cause}。结果通过重命名出现；请授予运行 rowferry 的用户相应权限。",
		RU: "Файлы в папке результатов {dir} нельзя переименовать: {cause}. Результаты появляются переименованием; дайте пользователю rowferry это право.",
	},
}
