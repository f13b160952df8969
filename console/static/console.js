// What a page cannot do without a script: live updates, the grid for mending, dropping files by drag.
"use strict";

// On a narrow screen the way to the current page is in sight.
(() => {
  const tab = document.querySelector("nav [aria-current]");
  if (tab) tab.scrollIntoView({ block: "nearest", inline: "center" });
})();

// Live: parts of the page that say what they depend on (data-live) are fetched anew when it changes, at most once a second.
(() => {
  const source = document.body.dataset.events;
  if (!source || !window.EventSource) return;
  const dirty = new Set();
  let timer = null;
  const refresh = () => {
    timer = null;
    const busy = document.activeElement && document.activeElement.closest("[data-live]");
    for (const el of document.querySelectorAll("[data-live]")) {
      const on = el.dataset.live.split(" ");
      if (on.some((what) => dirty.has(what)) && !(busy === el && (el.matches("[data-calm]") || document.activeElement.matches("input, select")))) htmx.trigger(el, "refresh");
    }
    dirty.clear();
  };
  const changed = (...what) => {
    what.forEach((w) => dirty.add(w));
    if (!timer) timer = setTimeout(refresh, 1000);
  };
  let events = null;
  const listen = () => {
    events = new EventSource(source);
    events.addEventListener("progress", (e) => changed("files", "file:" + JSON.parse(e.data).id));
    events.addEventListener("file", (e) => changed("files", "file:" + JSON.parse(e.data).id, "state:" + JSON.parse(e.data).id));
    events.addEventListener("lane", () => changed("lanes"));
    events.addEventListener("ready", () => changed("files", "lanes", ...[...document.querySelectorAll("[data-live]")].flatMap((el) => el.dataset.live.split(" "))));
  };
  // A page that nobody looks at does not listen: browsers allow few connections at a time.
  const see = () => {
    if (document.hidden) { if (events) { events.close(); events = null; } return; }
    if (!events) listen();
  };
  document.addEventListener("visibilitychange", see);
  window.addEventListener("pagehide", () => { if (events) { events.close(); events = null; } });
  if (!document.hidden) listen();
})();

// Until: a list is asked for until it holds a name; then what was awaited is there.
for (const el of document.querySelectorAll("[data-until]")) {
  const ask = async () => {
    const answer = await fetch(el.dataset.until).catch(() => null);
    const found = answer && answer.ok && await answer.json().catch(() => null);
    if (!found || !found.routes.some((r) => r.name === el.dataset.holds)) { setTimeout(ask, 700); return; }
    const link = Object.assign(document.createElement("a"), { href: el.dataset.link, textContent: el.dataset.name });
    el.replaceChildren(el.dataset.then + " ", link);
  };
  setTimeout(ask, 700);
}

// Drop: a file that is dragged anywhere onto the page is chosen; beside the form, the browser would leave the page and show it.
for (const form of document.querySelectorAll("[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, (e) => { e.preventDefault(); form.classList.add("over"); });
  document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) form.classList.remove("over"); });
  document.addEventListener("drop", (e) => {
    e.preventDefault();
    form.classList.remove("over");
    if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; form.requestSubmit(); }
  });
}

// Mend: what is typed into a cell is kept in this browser until it is sent, what is done to whole columns in the service; all is checked by the
// service as it is typed, and sent as one.
(() => {
  const root = document.getElementById("mend");
  if (!root) return;
  const key = "mend/" + root.dataset.file;
  const kept = Object.assign({ rows: {}, resend: [], all: [] }, JSON.parse(localStorage.getItem(key) || "{}"));
  const resend = new Set(kept.resend), all = new Set(kept.all);
  const lines = [...root.querySelectorAll("tr[data-row]")], shown = lines.map((tr) => +tr.dataset.row);
  const summary = root.querySelector("[data-summary]"), send = root.querySelector("[data-send]");
  const inputs = (tr) => [...tr.querySelectorAll("[data-key]")];
  const cellOf = (row, column) => root.querySelector(`tr[data-row="${row}"] [data-key="${CSS.escape(column)}"]`);
  const body = (check) => ({ rows: kept.rows, resend: [...resend], resend_all: [...all], draft: true, shown, check });
  const store = () => { kept.resend = [...resend]; kept.all = [...all]; localStorage.setItem(key, JSON.stringify(kept)); };
  const any = () => Object.keys(kept.rows).length + resend.size + all.size > 0 || "drafted" in root.dataset;
  for (const said of root.querySelectorAll("[data-said]")) said.dataset.said = said.textContent;

  // ask gives what the service answers; null where it does not.
  const ask = async (path, method, content, signal) => {
    const answer = await fetch(root.dataset.mend + path, { method, headers: { "Content-Type": "application/json" }, body: content && JSON.stringify(content), signal }).catch(() => null);
    const found = answer && (answer.status === 204 ? {} : await answer.json().catch(() => null));
    return found && { good: answer.ok, found };
  };

  // broad gives a cell the room for lines: an input has one, and would put them together without a blank.
  const broad = (input) => {
    const area = document.createElement("textarea");
    for (const { name, value } of input.attributes) if (name !== "value") area.setAttribute(name, value);
    area.defaultValue = input.defaultValue;
    input.replaceWith(area);
    return area;
  };

  const set = (input, text) => {
    if (input.matches("input") && text.includes("\n")) { const at = document.activeElement === input; input = broad(input); if (at) input.focus(); }
    const row = input.closest("tr").dataset.row, column = input.dataset.key;
    if (input.value !== text) input.value = text;
    if (input.matches("textarea")) input.rows = Math.min(6, text.split("\n").length);
    const same = text === input.defaultValue;
    input.parentElement.classList.toggle("changed", !same || "drafted" in input.dataset);
    kept.rows[row] = kept.rows[row] || {};
    if (same) delete kept.rows[row][column]; else kept.rows[row][column] = text;
    if (!Object.keys(kept.rows[row]).length) delete kept.rows[row];
  };

  let asked = null, timer = null;
  const later = () => { store(); clearTimeout(timer); timer = setTimeout(check, 350); };
  const failed = () => { summary.textContent = root.dataset.sayFailed; send.disabled = true; clearTimeout(timer); timer = setTimeout(check, 1500); };
  const check = async () => {
    if (asked) asked.abort();
    send.disabled = !any();
    if (!any()) { summary.textContent = ""; for (const tr of lines) mark(tr, []); return; }
    const mine = asked = new AbortController();
    summary.textContent = root.dataset.sayChecking;
    const answer = await ask("", "POST", body(true), mine.signal);
    if (mine !== asked) return;
    if (!answer) { failed(); return; }
    if (!answer.good) { summary.textContent = answer.found.detail || root.dataset.sayFailed; send.disabled = true; return; }
    show(answer.found);
  };

  // mark shows what is wrong with a row now; one that is as it was has what was said of it.
  const mark = (tr, here) => {
    const row = +tr.dataset.row, touched = kept.rows[row] || resend.has(row) || all.has(tr.dataset.status) || tr.querySelector("td.changed");
    for (const input of inputs(tr)) {
      const found = here.find((p) => (p.column || "").trim() === input.dataset.key);
      const wrong = found ? found.text : touched ? "" : input.dataset.wrong || "";
      input.parentElement.classList.toggle("wrong", wrong !== "");
      if (wrong) { input.title = wrong; input.setAttribute("aria-invalid", "true"); } else { input.removeAttribute("title"); input.removeAttribute("aria-invalid"); }
    }
    const said = tr.querySelector("[data-said]");
    said.textContent = touched || here.length ? here.map((p) => p.text).join(" | ") : said.dataset.said;
  };

  const show = (found) => {
    const problems = (found.problems || []).filter((p) => !p.warning);
    for (const tr of lines) mark(tr, problems.filter((p) => p.row === +tr.dataset.row));
    if (found.quarantine) { summary.textContent = found.quarantine; send.disabled = true; return; }
    summary.textContent = (found.invalid ? root.dataset.sayBad : root.dataset.sayGood).replace("{send}", found.would_be_sent).replace("{invalid}", found.invalid);
    send.disabled = found.would_be_sent === 0;
  };

  root.addEventListener("input", (e) => {
    if (e.target.matches("[data-key]")) { set(e.target, e.target.value); later(); }
    if (e.target.matches("[data-resend]")) { const row = +e.target.closest("tr").dataset.row; if (e.target.checked) resend.add(row); else resend.delete(row); later(); }
    if (e.target.matches("[data-resend-all]")) { const status = e.target.dataset.resendAll; if (e.target.checked) all.add(status); else all.delete(status); later(); }
  });

  // Whole columns: first the service says what would change in all rows that were not delivered, then, with a second press, it is saved.
  const part = (name) => root.querySelector(`[data-replace="${name}"]`);
  let planned = null;
  const drop = () => { planned = null; part("preview").hidden = true; };
  const plan = async (columns) => {
    const mine = planned = columns;
    part("preview").hidden = false;
    part("said").textContent = root.dataset.sayLooking;
    part("examples").replaceChildren();
    part("do").disabled = true;
    const answer = await ask("/columns", "POST", { columns, rows: kept.rows, check: true });
    if (mine !== planned) return;
    part("said").textContent = answer ? answer.found.message || answer.found.detail : root.dataset.sayFailed;
    if (!answer || !answer.good) return;
    part("examples").replaceChildren(...answer.found.examples.map((x) => Object.assign(document.createElement("li"), { textContent: `${root.dataset.sayRow.replace("{n}", x.place)}${columns.length > 1 ? ", " + x.column : ""}: “${x.before}” → “${x.after}”` })));
    part("do").disabled = answer.found.cells === 0;
    if (answer.found.cells) part("do").focus();
  };
  for (const name of ["find", "with", "column"]) {
    part(name).addEventListener("input", drop);
    part(name).addEventListener("keydown", (e) => { if (e.key === "Enter") part("look").click(); });
  }
  part("look").addEventListener("click", () => plan([{ column: part("column").value, find: part("find").value, replace: part("with").value }]));
  part("leave").addEventListener("click", () => { drop(); part("look").focus(); });
  part("do").addEventListener("click", async () => {
    if (!planned) return;
    part("do").disabled = true;
    const answer = await ask("/columns", "POST", { columns: planned, rows: kept.rows });
    if (answer && answer.good) { kept.rows = answer.found.typed; store(); location.reload(); return; }
    part("said").textContent = answer ? answer.found.detail : root.dataset.sayFailed;
    part("do").disabled = false;
  });
  for (const button of root.querySelectorAll("[data-undo]")) button.addEventListener("click", async () => {
    button.disabled = true;
    if (await ask("/columns/" + button.dataset.undo, "DELETE")) location.reload(); else { failed(); button.disabled = false; }
  });

  // cut cuts what a spreadsheet put on the clipboard into lines of cells. A cell that has lines or tabs of its own stands in quotes there.
  const cut = (text) => {
    const block = [[]], quoted = /"((?:[^"]|"")*)"(?![^\t\n])/y, plain = /[^\t\n]*/y;
    for (let at = 0; ; at++) {
      quoted.lastIndex = plain.lastIndex = at;
      const found = quoted.exec(text), own = found && /[\t\n]/.test(found[1]);
      block.at(-1).push(own ? found[1].replaceAll('""', '"').replaceAll("\t", " ") : plain.exec(text)[0]);
      at = (own ? quoted : plain).lastIndex;
      if (at >= text.length) return block;
      if (text[at] === "\n") block.push([]);
    }
  };

  // Paste of a column or a block from a spreadsheet fills the cells from here on, downwards and to the right; what is longer than the page is
  // filled in by the service, once it has said what would change.
  root.addEventListener("paste", (e) => {
    if (!e.target.matches("[data-key]")) return;
    const text = e.clipboardData.getData("text").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!/[\n\t]/.test(text)) return;
    const block = cut(text);
    if (e.target.matches("textarea") && block.every((line) => line.length === 1)) return; // lines, into a cell of lines
    e.preventDefault();
    const tr = e.target.closest("tr"), at = lines.indexOf(tr), column = inputs(tr).indexOf(e.target), keys = inputs(tr).slice(column).map((i) => i.dataset.key);
    if (at + block.length > lines.length) {
      const width = Math.min(keys.length, Math.max(...block.map((line) => line.length)));
      plan(keys.slice(0, width).map((key, k) => ({ column: key, from: +tr.dataset.row, values: block.map((line) => line[k] || "") })));
      return;
    }
    block.forEach((line, i) => line.forEach((value, k) => {
      const input = inputs(lines[at + i])[column + k];
      if (input) set(input, value);
    }));
    later();
  });

  // Enter and the arrows move between rows, as in a spreadsheet.
  root.addEventListener("keydown", (e) => {
    if (!e.target.matches("[data-key]") || !["Enter", "ArrowDown", "ArrowUp"].includes(e.key) || e.isComposing) return;
    if (e.target.matches("textarea") && (e.key !== "Enter" || e.shiftKey || e.altKey)) return; // within its lines
    const next = lines[lines.indexOf(e.target.closest("tr")) + (e.key === "ArrowUp" ? -1 : 1)];
    const input = next && next.querySelector(`[data-key="${CSS.escape(e.target.dataset.key)}"]`);
    if (input) { e.preventDefault(); input.focus(); input.select(); }
  });

  root.querySelector("[data-forget]").addEventListener("click", async () => {
    if ("drafted" in root.dataset && !await ask("/columns", "DELETE")) { failed(); return; }
    localStorage.removeItem(key);
    location.reload();
  });
  send.addEventListener("click", async () => {
    send.disabled = true;
    const answer = await ask("", "POST", body(false));
    if (!answer) { failed(); return; }
    if (answer.good) { localStorage.removeItem(key); location.href = "/files/" + answer.found.id; return; }
    summary.textContent = answer.found.detail || root.dataset.sayFailed;
    send.disabled = false;
  });

  for (const [row, columns] of Object.entries(kept.rows)) for (const [column, text] of Object.entries(columns)) { const input = cellOf(row, column); if (input) set(input, text); }
  for (const row of resend) { const tick = root.querySelector(`tr[data-row="${row}"] [data-resend]`); if (tick) tick.checked = true; }
  for (const status of all) { const tick = root.querySelector(`[data-resend-all="${status}"]`); if (tick) tick.checked = true; }
  check();
})();
