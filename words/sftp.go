package words

// sftp holds what is said about partners' SFTP servers.
var sftp = catalogue{
	"sftp.entries_fit": {
		EN: "{count} {count:entry|entries}; {fit} by their names for this route: what of them was not taken before, the next run takes",
		ZH: "{count} 个条目；其中 {fit} 个的名称符合此路由：尚未接收过的，下次运行会接收",
		RU: "{count} {count:запись|записи|записей}; по именам подходят маршруту: {fit}; из них следующий запуск возьмёт те, что ещё не принимались",
	},
	"sftp.entries": {EN: "{count} {count:entry|entries}", ZH: "{count} 个条目", RU: "{count} {count:запись|записи|записей}"},
	"sftp.resolve": {
		EN: "{partner}: the name {host} is not known ({cause}). Check host in the configuration and the network of this machine.",
		ZH: "{partner}：无法解析主机名 {host}（{cause}）。请检查配置中的 host 以及本机网络。",
		RU: "{partner}: имя {host} не найдено ({cause}). Проверьте host в конфигурации и сеть этого компьютера.",
	},
	"sftp.connect": {
		EN: "{partner}: no connection to {address} ({cause}). Check port and firewall; ask the partner whether the server is up and lets the address of this machine in.",
		ZH: "{partner}：无法连接 {address}（{cause}）。请检查端口和防火墙，并向对方确认服务器在运行且允许本机地址访问。",
		RU: "{partner}: нет соединения с {address} ({cause}). Проверьте порт и сетевой экран; узнайте у партнёра, работает ли сервер и допущен ли адрес этого компьютера.",
	},
	"sftp.through_jump": {
		EN: "{partner}: the jump host {jump} does not connect to {address} ({cause}). Ask whoever runs it to allow forwarding to that address.",
		ZH: "{partner}：跳板机 {jump} 无法连接 {address}（{cause}）。请联系其管理员允许转发到该地址。",
		RU: "{partner}: промежуточный сервер {jump} не соединяет с {address} ({cause}). Попросите его администратора разрешить перенаправление на этот адрес.",
	},
	"sftp.silent": {
		EN: "{partner}: {address} accepts connections but does not speak SSH with us ({cause}). Check the port; ask the partner whether connections from this machine are limited.",
		ZH: "{partner}：{address} 接受连接但未进行 SSH 通信（{cause}）。请检查端口，并向对方确认是否限制了本机的连接。",
		RU: "{partner}: {address} принимает соединение, но не отвечает по SSH ({cause}). Проверьте порт; узнайте у партнёра, не ограничены ли соединения с этого компьютера.",
	},
	"sftp.algorithms": {
		EN: "{partner}: {host} offers no algorithm that is safe today or that fits the known host key ({cause}). Ask the partner to update the server, or for its present host key.",
		ZH: "{partner}：{host} 未提供目前安全的算法，或与已知主机密钥不匹配（{cause}）。请让对方升级服务器，或提供其当前的主机密钥。",
		RU: "{partner}: {host} не предлагает безопасных сегодня алгоритмов или подходящих к известному ключу ({cause}). Попросите партнёра обновить сервер или сообщить его нынешний ключ.",
	},
	"sftp.unknown_key": {
		EN: "{partner}: {host} shows a host key that is not in {file}: {type} {fingerprint}. Ask the partner whether it is theirs; if so, add this line to the file: {line}",
		ZH: "{partner}：{host} 出示的主机密钥不在 {file} 中：{type} {fingerprint}。请向对方确认；若无误，请将此行加入该文件：{line}",
		RU: "{partner}: ключ сервера {host} не указан в {file}: {type} {fingerprint}. Спросите партнёра, его ли это ключ; если да, добавьте в файл строку: {line}",
	},
	"sftp.changed_key": {
		EN: "{partner}: {host} shows another host key than line {number} of {file} has: {type} {fingerprint}. Somebody may be in between, or the server was set up anew. Ask the partner; only if they confirm it, replace that line by: {line}",
		ZH: "{partner}：{host} 出示的主机密钥与 {file} 第 {number} 行不同：{type} {fingerprint}。可能有人在中间拦截，也可能服务器已重装。请向对方确认；仅在确认后将该行替换为：{line}",
		RU: "{partner}: ключ сервера {host} отличается от строки {number} файла {file}: {type} {fingerprint}. Возможно, кто-то подменяет сервер, или сервер установлен заново. Спросите партнёра; только если он подтвердит, замените эту строку на: {line}",
	},
	"sftp.revoked": {
		EN: "{partner}: the host key of {host} is revoked in line {number} of {file}: {type} {fingerprint}. Do not connect; ask the partner for the new key and put its line into the file in place of: {line}",
		ZH: "{partner}：{host} 的主机密钥已在 {file} 第 {number} 行被吊销：{type} {fingerprint}。请勿连接；请向对方索取新密钥，并在文件中替换：{line}",
		RU: "{partner}: ключ сервера {host} отозван в строке {number} файла {file}: {type} {fingerprint}. Не подключайтесь; получите у партнёра новый ключ и внесите его в файл вместо: {line}",
	},
	"sftp.authority": {
		EN: "{partner}: {host} shows a certificate for its host key {type} {fingerprint}, signed by the authority {signer}, which is not in {file}. Ask the partner whether the authority or the key is theirs; if so, add one of these lines to the file: {authority} or {line}",
		ZH: "{partner}：{host} 出示了主机密钥 {type} {fingerprint} 的证书，其签发机构 {signer} 不在 {file} 中。请向对方确认该机构或该密钥；若无误，请将以下任一行加入该文件：{authority} 或 {line}",
		RU: "{partner}: {host} предъявил сертификат своего ключа {type} {fingerprint}, подписанный центром {signer}, которого нет в {file}. Спросите партнёра, его ли это центр или ключ; если да, добавьте в файл одну из строк: {authority} или {line}",
	},
	"sftp.certificate": {
		EN: "{partner}: the certificate that {host} shows for its host key {type} {fingerprint} is not valid ({cause}). Ask the partner to renew it; or, if they confirm the key itself, add this line to {file}: {line}",
		ZH: "{partner}：{host} 为主机密钥 {type} {fingerprint} 出示的证书无效（{cause}）。请让对方更新证书；若对方确认该密钥本身无误，请将此行加入 {file}：{line}",
		RU: "{partner}: сертификат, который {host} предъявил для ключа {type} {fingerprint}, недействителен ({cause}). Попросите партнёра обновить его или, если он подтвердит сам ключ, добавьте в {file} строку: {line}",
	},
	"sftp.pinned": {
		EN: "{partner}: {host} shows the host key {type} {fingerprint}, and host_key says {pinned}. Somebody may be in between, or the server was set up anew. Ask the partner; only if they confirm it, write host_key: \"{line}\"",
		ZH: "{partner}：{host} 出示的主机密钥为 {type} {fingerprint}，而 host_key 为 {pinned}。可能有人在中间拦截，也可能服务器已重装。请向对方确认；仅在确认后写入 host_key: \"{line}\"",
		RU: "{partner}: {host} предъявил ключ {type} {fingerprint}, а в host_key указан {pinned}. Возможно, кто-то подменяет сервер, или сервер установлен заново. Спросите партнёра; только если он подтвердит, напишите host_key: \"{line}\"",
	},
	"sftp.unpinned": {
		EN: "{partner}: nothing says which host key {host} should have; it shows {type} {fingerprint}. Ask the partner whether it is theirs; if so, write host_key: \"{line}\"",
		ZH: "{partner}：未配置 {host} 应有的主机密钥；它出示的是 {type} {fingerprint}。请向对方确认；若无误，请写入 host_key: \"{line}\"",
		RU: "{partner}: не указано, какой ключ должен быть у {host}; он предъявил {type} {fingerprint}. Спросите партнёра, его ли это ключ; если да, напишите host_key: \"{line}\"",
	},
	"sftp.unknown_left_out": {
		EN: "{partner}: {host} shows a host key that is not in the lines of {file} that can be read: {type} {fingerprint}. Not readable, and left out: line {number}. Ask the partner whether the key is theirs; if so, mend the line or add this one: {line}",
		ZH: "{partner}：{host} 出示的主机密钥不在 {file} 可读取的各行中：{type} {fingerprint}。无法读取而略过的行：第 {number} 行。请向对方确认该密钥；若无误，请修正该行，或加入此行：{line}",
		RU: "{partner}: ключа сервера {host} нет в тех строках файла {file}, которые удалось прочитать: {type} {fingerprint}. Не читаются и пропущены строки: {number}. Спросите партнёра, его ли это ключ; если да, исправьте строку или добавьте эту: {line}",
	},
	"sftp.known_hosts": {
		EN: "{partner}: the known_hosts file {file} cannot be used ({cause}). Mend it, or give host_key.",
		ZH: "{partner}：无法使用 known_hosts 文件 {file}（{cause}）。请修正该文件，或设置 host_key。",
		RU: "{partner}: файл known_hosts {file} не читается ({cause}). Исправьте его или задайте host_key.",
	},
	"sftp.login": {
		EN: "{partner}: {host} refuses the user {user} (tried: {tried}). Check user, key and password; ask the partner whether this public key is installed for that user.",
		ZH: "{partner}：{host} 拒绝用户 {user} 登录（已尝试：{tried}）。请检查用户、密钥和密码，并向对方确认该用户已安装此公钥。",
		RU: "{partner}: {host} отказывает пользователю {user} (испробовано: {tried}). Проверьте пользователя, ключ и пароль; узнайте у партнёра, установлен ли этот открытый ключ для пользователя.",
	},
	"sftp.login_broken": {
		EN: "{partner}: {host} ended the connection while {user} logged in ({cause}). Try again; if it stays so, ask the partner what their server's log says.",
		ZH: "{partner}：{user} 登录时 {host} 断开了连接（{cause}）。请重试；若仍如此，请向对方查询其服务器日志。",
		RU: "{partner}: {host} прервал соединение при входе пользователя {user} ({cause}). Повторите; если не поможет, спросите партнёра, что записано в журнале его сервера.",
	},
	"sftp.key_file": {
		EN: "{partner}: the private key {file} cannot be read ({cause}). Give the user that runs rowferry the right to read it.",
		ZH: "{partner}：无法读取私钥 {file}（{cause}）。请授予运行 rowferry 的用户读取权限。",
		RU: "{partner}: не удаётся прочитать закрытый ключ {file} ({cause}). Дайте пользователю, от имени которого работает rowferry, право на чтение.",
	},
	"sftp.key_form": {
		EN: "{partner}: {file} is not a private key in OpenSSH or PEM form. A PuTTY key is converted by: puttygen KEY.ppk -O private-openssh -o KEY",
		ZH: "{partner}：{file} 不是 OpenSSH 或 PEM 格式的私钥。PuTTY 密钥可这样转换：puttygen KEY.ppk -O private-openssh -o KEY",
		RU: "{partner}: {file} не является закрытым ключом в формате OpenSSH или PEM. Ключ PuTTY преобразуется так: puttygen KEY.ppk -O private-openssh -o KEY",
	},
	"sftp.key_sealed": {
		EN: "{partner}: the private key {file} is locked in a form (PKCS #8) that is not read here. Write it in OpenSSH's, with the same passphrase, by: ssh-keygen -p -f {file}",
		ZH: "{partner}：私钥 {file} 以此处无法读取的格式（PKCS #8）加密。请转换为 OpenSSH 格式（passphrase 可保持不变）：ssh-keygen -p -f {file}",
		RU: "{partner}: закрытый ключ {file} защищён в формате (PKCS #8), который здесь не читается. Сохраните его в формате OpenSSH, с тем же паролем: ssh-keygen -p -f {file}",
	},
	"sftp.key_locked": {
		EN: "{partner}: the private key {file} is locked. Write passphrase: \"${KEY_PASSPHRASE}\".",
		ZH: "{partner}：私钥 {file} 受密码保护。请写入 passphrase: \"${KEY_PASSPHRASE}\"。",
		RU: "{partner}: закрытый ключ {file} защищён паролем. Напишите passphrase: \"${KEY_PASSPHRASE}\".",
	},
	"sftp.key_passphrase": {
		EN: "{partner}: the passphrase does not open the private key {file}. Check passphrase.",
		ZH: "{partner}：passphrase 无法打开私钥 {file}。请检查 passphrase。",
		RU: "{partner}: пароль passphrase не подходит к закрытому ключу {file}. Проверьте passphrase.",
	},
	"sftp.agent": {
		EN: "{partner}: the SSH agent cannot be asked ({cause}). Start one and set SSH_AUTH_SOCK for rowferry, or give key.",
		ZH: "{partner}：无法使用 SSH agent（{cause}）。请启动 agent 并为 rowferry 设置 SSH_AUTH_SOCK，或设置 key。",
		RU: "{partner}: агент SSH недоступен ({cause}). Запустите его и задайте rowferry SSH_AUTH_SOCK или укажите key.",
	},
	"sftp.session": {
		EN: "{partner}: {host} lets us in but gives no SFTP ({cause}). Ask the partner to enable SFTP for this user.",
		ZH: "{partner}：{host} 允许登录但未提供 SFTP（{cause}）。请让对方为该用户启用 SFTP。",
		RU: "{partner}: {host} принимает вход, но не даёт SFTP ({cause}). Попросите партнёра включить SFTP для этого пользователя.",
	},
	"sftp.lost": {
		EN: "{partner}: the connection was lost {times} {times:time|times} in a row ({cause}). It is tried again later by itself; if it stays so, ask the partner about their server.",
		ZH: "{partner}：连接连续断开 {times} 次（{cause}）。稍后会自动重试；若仍如此，请向对方了解其服务器情况。",
		RU: "{partner}: соединение прервано {times} {times:раз|раза|раз} подряд ({cause}). Попытка повторится сама; если не поможет, обратитесь к партнёру.",
	},
	"sftp.full": {
		EN: "{partner}: the disk of the server is full below {dir}. Ask the partner to make room; it is tried again by itself.",
		ZH: "{partner}：服务器上 {dir} 所在磁盘已满。请让对方清理空间；之后会自动重试。",
		RU: "{partner}: на сервере закончилось место для {dir}. Попросите партнёра освободить место; попытка повторится сама.",
	},
	"sftp.missing": {
		EN: "{partner}: the folder {dir} is not on the server. Check dir in the route, or ask the partner to create it.",
		ZH: "{partner}：服务器上没有文件夹 {dir}。请检查路由中的 dir，或让对方创建。",
		RU: "{partner}: на сервере нет папки {dir}. Проверьте dir в маршруте или попросите партнёра создать её.",
	},
	"sftp.unlisted": {
		EN: "{partner}: the folder {dir} cannot be listed ({cause}). Ask the partner to give the user the right to read it.",
		ZH: "{partner}：无法列出文件夹 {dir}（{cause}）。请让对方授予该用户读取权限。",
		RU: "{partner}: не удаётся получить список файлов папки {dir} ({cause}). Попросите партнёра дать пользователю право на чтение.",
	},
	"sftp.failing": {
		EN: "{partner}: the server fails to write in {dir} and does not say clearly why ({cause}). Most often its disk or the user's quota is full, or the user may not write there: ask the partner. It is tried again by itself.",
		ZH: "{partner}：服务器无法在 {dir} 中写入，且没有说明确切原因（{cause}）。多半是磁盘已满、该用户的配额用尽，或该用户没有写入权限：请询问对方。之后会自动重试。",
		RU: "{partner}: сервер не может записать в {dir} и не говорит точно почему ({cause}). Чаще всего закончилось место на диске или квота пользователя либо у него нет права на запись: спросите партнёра. Попытка повторится сама.",
	},
	"sftp.unwritable": {
		EN: "{partner}: nothing can be written to the folder {dir} ({cause}). Ask the partner to give the user the right to write there.",
		ZH: "{partner}：无法写入文件夹 {dir}（{cause}）。请让对方授予该用户写入权限。",
		RU: "{partner}: в папку {dir} нельзя писать ({cause}). Попросите партнёра дать пользователю право на запись.",
	},
	"sftp.not_a_folder": {
		EN: "{partner}: {dir} on the server is not a folder. Name a folder in the route's dir.",
		ZH: "{partner}：服务器上的 {dir} 不是文件夹。请在路由的 dir 中填写一个文件夹。",
		RU: "{partner}: {dir} на сервере не является папкой. Укажите папку в dir маршрута.",
	},
	"sftp.taken_away": {
		EN: "{partner}: what is uploaded to {dir} is taken away at once, before it has its final name. Set write: direct in the route's outbox; then each result is written once, under its name.",
		ZH: "{partner}：上传到 {dir} 的文件在改为正式名称之前就被取走。请在路由的 outbox 中设置 write: direct，结果文件将以正式名称一次写入。",
		RU: "{partner}: то, что загружается в {dir}, сразу забирают, до получения окончательного имени. Задайте write: direct в outbox маршрута: тогда результат пишется один раз и сразу под своим именем.",
	},
	"sftp.no_sizes": {
		EN: "{partner}: the server tells no sizes of the files in {dir}, so nobody can know when one is complete. Ask the partner for a server that lists sizes.",
		ZH: "{partner}：服务器不提供 {dir} 中文件的大小，无法判断文件是否完整。请让对方使用能列出文件大小的服务器。",
		RU: "{partner}: сервер не сообщает размеры файлов в {dir}, и нельзя узнать, целы ли они. Попросите партнёра о сервере, который показывает размеры.",
	},
	"sftp.endless": {
		EN: "{partner}: the listing of the folder {dir} does not end, or has more than {limit} entries. Ask the partner to tidy it up, or name another folder in the route's dir.",
		ZH: "{partner}：文件夹 {dir} 的列表没有尽头，或超过 {limit} 项。请让对方清理该文件夹，或在路由的 dir 中填写其他文件夹。",
		RU: "{partner}: список папки {dir} не кончается или в нём больше {limit} записей. Попросите партнёра навести порядок или укажите в dir маршрута другую папку.",
	},
	"sftp.unrenamed": {
		EN: "{partner}: files in {dir} cannot be renamed ({cause}). Results appear by renaming: ask the partner for the right, or set write: direct in the route's outbox.",
		ZH: "{partner}：无法重命名 {dir} 中的文件（{cause}）。结果文件通过重命名出现；请让对方授权，或在路由的 outbox 中设置 write: direct。",
		RU: "{partner}: файлы в {dir} нельзя переименовать ({cause}). Результаты появляются переименованием: попросите у партнёра это право или задайте write: direct в outbox маршрута.",
	},
	"sftp.read_only": {
		EN: "{partner}: nothing can be written to the folder {dir} ({cause}), so taken files cannot be moved in it. Ask the partner for the right to write, rename and create folders there; or set after: keep: then files stay, the ledger remembers them, and only one rowferry may use the folder.",
		ZH: "{partner}：无法写入文件夹 {dir}（{cause}），因此无法在其中移动已接收的文件。请让对方授予在该处写入、重命名和创建文件夹的权限；或设置 after: keep：文件会留在原处并由账本记录，此时只能有一个 rowferry 使用该文件夹。",
		RU: "{partner}: в папку {dir} нельзя писать ({cause}), поэтому принятые файлы нельзя в ней переместить. Попросите у партнёра право писать, переименовывать и создавать там папки или задайте after: keep: тогда файлы остаются на месте, их помнит журнал, и папкой может пользоваться только один rowferry.",
	},
	"sftp.unmoved": {
		EN: "{partner}: files cannot be moved into a folder below {dir} ({cause}). Ask the partner for the right to rename and to create folders there; or set after: keep: then files stay, the ledger remembers them, and only one rowferry may use the folder.",
		ZH: "{partner}：无法将文件移入 {dir} 下的文件夹（{cause}）。请让对方授予在该处重命名和创建文件夹的权限；或设置 after: keep：文件会留在原处并由账本记录，此时只能有一个 rowferry 使用该文件夹。",
		RU: "{partner}: файлы нельзя переместить в папку внутри {dir} ({cause}). Попросите у партнёра право переименовывать и создавать там папки или задайте after: keep: тогда файлы остаются на месте, их помнит журнал, и папкой может пользоваться только один rowferry.",
	},
	"sftp.unremoved": {
		EN: "{partner}: the test file {file} cannot be removed again ({cause}). Remove it by hand; ask the partner for the right to delete if after: delete is wanted.",
		ZH: "{partner}：无法删除测试文件 {file}（{cause}）。请手动删除；如需 after: delete，请让对方授予删除权限。",
		RU: "{partner}: пробный файл {file} не удаляется ({cause}). Удалите его вручную; если нужен after: delete, попросите у партнёра право на удаление.",
	},
	"sftp.emptied": {
		EN: "{partner}: the folder {dir} no longer has the files that were taken from it. If it was moved or its disk unmounted, have it put back; the work goes on from there.",
		ZH: "{partner}：文件夹 {dir} 中已接收的文件不见了。如果它被移动或其磁盘被卸载，请恢复；处理会从中断处继续。",
		RU: "{partner}: в папке {dir} больше нет принятых из неё файлов. Если её переместили или диск отключён, верните на место; работа продолжится с этого места.",
	},
	"sftp.own_folder": {
		EN: "{partner}: {dir} is needed as a folder, but something else is there (a file or a link). Ask the partner to move it away.",
		ZH: "{partner}：需要使用文件夹 {dir}，但该位置已有其他内容（文件或链接）。请让对方移走。",
		RU: "{partner}: {dir} нужна как папка, но там находится что-то другое (файл или ссылка). Попросите партнёра убрать это.",
	},
}
