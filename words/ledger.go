package words

// books are the sentences about a ledger that is not what it was.
var books = catalogue{
	"ledger.damaged": {
		EN: "the ledger {path} is damaged: {what}. Nothing more is sent, for what was sent before cannot be told. Stop rowferry, move the whole folder {folder} aside and put a backup in its place (rowferry restore); files that a newer ledger had taken lie in the inboxes' archive and processing folders",
		ZH: "账本 {path} 已损坏：{what}。由于无法得知之前已发送的内容，不再发送任何内容。请停止 rowferry，将整个文件夹 {folder} 移开，并恢复备份（rowferry restore）；较新的账本已接收的文件位于各收件文件夹的 archive 和 processing 文件夹中",
		RU: "журнал {path} повреждён: {what}. Больше ничего не отправляется, так как неизвестно, что уже отправлено. Остановите rowferry, уберите всю папку {folder} и положите на её место резервную копию (rowferry restore); файлы, принятые более новым журналом, лежат в папках archive и processing входящих",
	},
	"ledger.altered": {
		EN: "the ledger {path} is damaged: {what}. Nothing more is sent, for what was sent before cannot be told. Stop rowferry on all machines and put the database back from its own backup, or use a standby that is sound; what was sent since that moment is not known then: look it up at the providers, and go on by: rowferry doctor --accept-ledger",
		ZH: "账本 {path} 已损坏：{what}。由于无法得知之前已发送的内容，不再发送任何内容。请停止所有机器上的 rowferry，用数据库自身的备份恢复，或改用完好的备用库；此后账本不知道该时刻之后发送的内容：请到服务商处查询，然后执行：rowferry doctor --accept-ledger",
		RU: "журнал {path} повреждён: {what}. Больше ничего не отправляется, так как неизвестно, что уже отправлено. Остановите rowferry на всех машинах и верните базу из её собственной резервной копии либо перейдите на исправную реплику; что отправлено после того момента, она не знает: проверьте у провайдеров и продолжите командой: rowferry doctor --accept-ledger",
	},
	"ledger.lost": {
		EN: "the ledger {path} is not what it was: {what}. Nothing is sent, because what was sent may be sent again. Put back the newest ledger.db, together with the ledger.db-wal and the ledger.mark of the same moment. Where they are lost: look up at the providers what was sent lately, and go on with this ledger by: rowferry doctor --accept-ledger",
		ZH: "账本 {path} 与原来不一致：{what}。为避免重复发送已发送的内容，不发送任何内容。请放回最新的 ledger.db 以及同一时刻的 ledger.db-wal 和 ledger.mark。如果它们已丢失：请到服务商处查询最近发送的内容，然后用以下命令继续使用此账本：rowferry doctor --accept-ledger",
		RU: "журнал {path} не такой, каким был: {what}. Ничего не отправляется, чтобы отправленное не ушло ещё раз. Верните самый новый ledger.db вместе с ledger.db-wal и ledger.mark того же момента. Если они утрачены: проверьте у провайдеров, что отправлено в последнее время, и продолжайте с этим журналом командой: rowferry doctor --accept-ledger",
	},
	"ledger.put_back": {
		EN: "the ledger {path} was put back to an earlier moment: {what}. Nothing is sent from here, because what was sent since would be sent again. Stop rowferry on all machines. Put the database back to its newest moment; where that is lost, look up at the providers what was sent since, and go on by: rowferry doctor --accept-ledger",
		ZH: "账本 {path} 被恢复到较早的状态：{what}。为避免重复发送此后已发送的内容，此处不发送任何内容。请停止所有机器上的 rowferry，将数据库恢复到最新状态；如果已丢失，请到服务商处查询此后发送的内容，然后用以下命令继续：rowferry doctor --accept-ledger",
		RU: "журнал {path} возвращён к более раннему моменту: {what}. Отсюда ничего не отправляется, иначе отправленное с тех пор ушло бы ещё раз. Остановите rowferry на всех машинах. Верните базу данных к самому новому моменту; если он утрачен, проверьте у провайдеров, что отправлено с тех пор, и продолжайте командой: rowferry doctor --accept-ledger",
	},
	"ledger.gone": {
		EN: "the tables of the ledger {path} are gone. Nothing is sent. Is the database being put back, or was its schema renamed or dropped? Stop rowferry on all machines, let that end, and start them again",
		ZH: "账本 {path} 的表不见了。不发送任何内容。是否正在恢复数据库，或其模式被重命名或删除？请停止所有机器上的 rowferry，等恢复结束后再重新启动",
		RU: "таблиц журнала {path} больше нет. Ничего не отправляется. Базу возвращают к прежнему состоянию, или её схему переименовали либо удалили? Остановите rowferry на всех машинах, дождитесь конца и запустите их снова",
	},
	"ledger.moved": {
		EN: "the ledger {path} was copied to {what}, and goes on there: write that address into the configuration, as ledger. Nothing is sent from here, because it would be sent twice. Only where nothing was taken or sent with the copy, or you looked up at the providers what was, go on with this ledger by: rowferry doctor --accept-ledger",
		ZH: "账本 {path} 已复制到 {what}，并在那里继续使用：请将该地址写入配置的 ledger。为避免重复发送，此处不发送任何内容。仅当使用副本期间未接收或发送任何内容，或您已到服务商处查询过发送的内容时，才可用以下命令继续使用此账本：rowferry doctor --accept-ledger",
		RU: "журнал {path} скопирован в {what} и ведётся дальше там: впишите этот адрес в конфигурацию, в ledger. Отсюда ничего не отправляется, иначе оно ушло бы дважды. Только если с копией ничего не принято и не отправлено или вы проверили у провайдеров, что отправлено, продолжайте с этим журналом командой: rowferry doctor --accept-ledger",
	},
	"ledger.encoding": {
		EN: "the database is in {encoding}, in which not every name of a file can be written. Make one in UTF-8: createdb --encoding UTF8 --template template0 NAME",
		ZH: "数据库的编码是 {encoding}，无法写入所有文件名。请新建一个 UTF-8 数据库：createdb --encoding UTF8 --template template0 名称",
		RU: "база данных в кодировке {encoding}, в которой можно записать не всякое имя файла. Создайте базу в UTF-8: createdb --encoding UTF8 --template template0 ИМЯ",
	},
	"ledger.pooled": {
		EN: "what lies between here and the database gives each transaction another session, such as PgBouncer with pool_mode = transaction. Set pool_mode = session for this database, or write the address of the database itself",
		ZH: "此处与数据库之间的连接池为每个事务分配不同的会话，例如 pool_mode = transaction 的 PgBouncer。请为此数据库设置 pool_mode = session，或写数据库本身的地址",
		RU: "между этой машиной и базой данных стоит то, что даёт каждой транзакции другой сеанс, например PgBouncer с pool_mode = transaction. Задайте для этой базы pool_mode = session или укажите адрес самой базы",
	},
	"ledger.spool.away": {
		EN: "spool: {dir} is not the folder in which this ledger's copies lie: there is no {mark} in it, or that of another ledger. Is the share mounted on this machine? Where the folder was lost for good, make a new one, and {mark} in it with the text {id}",
		ZH: "spool：{dir} 不是存放此账本副本的文件夹：其中没有 {mark}，或它属于另一个账本。共享文件夹在这台机器上挂载了吗？如果该文件夹已彻底丢失，请新建一个，并在其中创建内容为 {id} 的 {mark}",
		RU: "spool: {dir} не та папка, где лежат копии этого журнала: в ней нет {mark} или он от другого журнала. Подключена ли общая папка на этой машине? Если папка утрачена, создайте новую и в ней {mark} с текстом {id}",
	},
	"ledger.spool.missing": {
		EN: "spool: {dir} is not there ({cause}). Where the share is not mounted, mount it; else make the folder, for the user as whom rowferry runs on all machines and for nobody else (chmod 700)",
		ZH: "spool：{dir} 不存在（{cause}）。如果共享文件夹未挂载，请挂载；否则请新建该文件夹，仅限各台机器上运行 rowferry 的用户访问（chmod 700）",
		RU: "spool: {dir} не найдена ({cause}). Если общая папка не подключена, подключите её; иначе создайте папку только для пользователя, от которого rowferry работает на всех машинах (chmod 700)",
	},
	"ledger.spool.unnamed": {
		EN: "the copies of this ledger lie in a folder that all machines share, and this configuration does not name it: write spool: and its path ({dir} on the machine that was first)",
		ZH: "此账本的副本存放在所有机器共用的文件夹中，而此配置没有写明它：请写 spool: 及其路径（第一台机器上是 {dir}）",
		RU: "копии этого журнала лежат в общей папке всех машин, а эта конфигурация её не называет: укажите spool: и путь к ней ({dir} на той машине, что была первой)",
	},
	"ledger.unfinished": {
		EN: "the ledger {path} is not whole: a copy of {what} was begun there and did not end. Stop every rowferry that uses it, and copy again, with the configuration of the other ledger: rowferry ledger copy --to ADDRESS",
		ZH: "账本 {path} 不完整：从 {what} 开始的复制没有完成。请停止所有使用它的 rowferry，并用原账本的配置重新复制：rowferry ledger copy --to 地址",
		RU: "журнал {path} не полон: копирование из {what} началось и не закончилось. Остановите все rowferry, которые им пользуются, и скопируйте ещё раз, с конфигурацией другого журнала: rowferry ledger copy --to АДРЕС",
	},
	"ledger.what.altered": {
		EN: "a part of it is not as it was written ({cause})",
		ZH: "其中一部分与写入时不一致（{cause}）",
		RU: "часть его не такая, какой была записана ({cause})",
	},
	"ledger.what.mark_gone": {
		EN: "the mark beside it ({mark}) is gone, so nothing tells whether it is the newest",
		ZH: "旁边的标记文件（{mark}）不见了，无法判断它是否最新",
		RU: "отметки рядом с ним ({mark}) нет, и неизвестно, самый ли он новый",
	},
	"ledger.what.mark_damaged": {
		EN: "the mark beside it ({mark}) is damaged, so nothing tells whether it is the newest",
		ZH: "旁边的标记文件（{mark}）已损坏，无法判断它是否最新",
		RU: "отметка рядом с ним ({mark}) повреждена, и неизвестно, самый ли он новый",
	},
	"ledger.what.mark_other": {
		EN: "the mark beside it ({mark}) is that of another ledger",
		ZH: "旁边的标记文件（{mark}）属于另一个账本",
		RU: "отметка рядом с ним ({mark}) принадлежит другому журналу",
	},
	"ledger.what.older": {
		EN: "it is older than it was: its last changes, {count} of them, are missing (its journal was deleted or cut, or an older copy was put in its place)",
		ZH: "它比原来旧：缺少最后 {count} 次更改（其日志被删除或截断，或被旧副本替换）",
		RU: "он старее, чем был: нет последних изменений, числом {count} (его файл ledger.db-wal удалён или обрезан, или на его место положена старая копия)",
	},
	"ledger.what.other": {
		EN: "it is not the one into which this machine wrote",
		ZH: "它不是这台机器写入过的账本",
		RU: "это не тот, в который писала эта машина",
	},
	"ledger.what.elsewhere": {
		EN: "the last writes of another machine ({machine}) are missing, as it noticed",
		ZH: "另一台机器（{machine}）发现缺少它最后的写入",
		RU: "нет последних записей другой машины ({machine}), как она заметила",
	},
	"ledger.what.session": {
		EN: "it does not know what this machine wrote since {since}",
		ZH: "它不知道这台机器自 {since} 以来写入的内容",
		RU: "он не знает того, что эта машина записала с {since}",
	},
	"ledger.what.writes": {
		EN: "the last writes of this machine, {count} of them, are missing",
		ZH: "缺少这台机器最后 {count} 次写入",
		RU: "нет последних записей этой машины, числом {count}",
	},
	"ledger.what.strangers": {
		EN: "it does not know {ids}, of which copies lie in the spool beside it: it is an older one, or one of another place",
		ZH: "旁边的 spool 中有 {ids} 的副本，而它不知道这些文件：它是旧账本，或来自别处",
		RU: "он не знает {ids}, копии которых лежат рядом в spool: он старый или из другого места",
	},
	"ledger.what.emptied": {
		EN: "nothing is in it, although files were taken: their copies lie in the spool beside it",
		ZH: "其中没有任何内容，但曾接收过文件：它们的副本位于旁边的 spool 中",
		RU: "в нём ничего нет, хотя файлы принимались: их копии лежат рядом в spool",
	},
	"ledger.what.empty": {
		EN: "nothing is in it, although it was written to",
		ZH: "其中没有任何内容，但曾写入过",
		RU: "в нём ничего нет, хотя в него писали",
	},
	"ledger.adopt.refused": {
		EN: "The ledger was put back to before it had been read. Look up what was sent of it, and drop the rest again.",
		ZH: "账本被恢复到读取该文件之前的状态。请查询其中已发送的内容，并重新放入其余部分。",
		RU: "Журнал возвращён к состоянию до чтения этого файла. Проверьте, что из него отправлено, и положите остальное ещё раз.",
	},
	"ledger.adopt.taking": {
		EN: "{name} ({id}) was being taken: it goes to quarantine; look up what was sent of it",
		ZH: "{name}（{id}）正在接收：将移入隔离区；请查询其中已发送的内容",
		RU: "{name} ({id}) принимался: он идёт в карантин; проверьте, что из него отправлено",
	},
	"ledger.adopt.open": {
		EN: "{name} ({id}): {count} {count:item was open and counts|items were open and count} as sent without an answer",
		ZH: "{name}（{id}）：有 {count} 项未完成，按已发送但无应答处理",
		RU: "{name} ({id}): не завершено {count}; они считаются отправленными без ответа",
	},
	"ledger.adopt.strangers": {
		EN: "copies of files that it does not know lie in {folder} now: {ids}; look up what was sent of them before they are dropped again",
		ZH: "它不知道的文件的副本现位于 {folder}：{ids}；重新放入之前，请查询其中已发送的内容",
		RU: "копии файлов, которых он не знает, теперь лежат в {folder}: {ids}; прежде чем класть их ещё раз, проверьте, что из них отправлено",
	},
	"ledger.adopt.since": {
		EN: "files that were taken after that moment are not known: look through the inboxes' archive folders and the outboxes before one of them is dropped again",
		ZH: "在那之后接收的文件不在账本中：重新放入之前，请查看各收件文件夹的 archive 和结果文件夹",
		RU: "файлы, принятые после того момента, неизвестны: прежде чем класть их ещё раз, просмотрите папки archive входящих и папки исходящих",
	},
	"ledger.adopted": {
		EN: "The ledger is accepted as it is.",
		ZH: "已按现状接受该账本。",
		RU: "Журнал принят как есть.",
	},
	"ledger.closed": {
		EN: "the data folder {dir} is open only to the user that runs rowferry, and to root: run this as one of them, for example: sudo rowferry …",
		ZH: "数据文件夹 {dir} 只对运行 rowferry 的用户和 root 开放：请以其中之一运行，例如：sudo rowferry …",
		RU: "папка данных {dir} открыта только пользователю, от имени которого работает rowferry, и root: выполните команду от имени одного из них, например: sudo rowferry …",
	},
	"ledger.in_use": {
		EN: "{path} is in use by another rowferry (process {process}).\nWhile it runs, drop files into its inboxes, and use status, resend, cancel, pause and resume; to start another, stop it first.",
		ZH: "{path} 正被另一个 rowferry（进程 {process}）使用。\n它运行期间，请将文件放入其收件文件夹，并使用 status、resend、cancel、pause 和 resume；如需启动另一个，请先停止它。",
		RU: "{path} занят другим rowferry (процесс {process}).\nПока он работает, кладите файлы в его входящие и пользуйтесь status, resend, cancel, pause и resume; чтобы запустить другой, сначала остановите его.",
	},
	"doctor.copy.altered": {
		EN: "the copy of {name} ({id}) is not what was taken: its result is written from the original, where it is found by its hash in the route's folder, else without the sender's own columns",
		ZH: "{name}（{id}）的副本与接收时不一致：如能在该路由的文件夹中按哈希值找到原文件，则据其写结果，否则结果没有发送方自己的列",
		RU: "копия {name} ({id}) не такая, какой была принята: результат пишется по исходному файлу, если он найдётся по хешу в папке маршрута, иначе без столбцов отправителя",
	},
	"doctor.copy.unreadable": {
		EN: "the copy of {name} ({id}) cannot be read ({cause}): its result is written from the original, where it is found by its hash in the route's folder, else without the sender's own columns",
		ZH: "{name}（{id}）的副本无法读取（{cause}）：如能在该路由的文件夹中按哈希值找到原文件，则据其写结果，否则结果没有发送方自己的列",
		RU: "копия {name} ({id}) не читается ({cause}): результат пишется по исходному файлу, если он найдётся по хешу в папке маршрута, иначе без столбцов отправителя",
	},
}
