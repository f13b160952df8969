// What a page cannot do without a script: live updates, the grid for mending, dropping files by drag.
"use strict";

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

// Drop: a file that is dragged anywhere onto the form is chosen.
for (const form of document.querySelectorAll("[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  for (const kind of ["dragenter", "dragover"]) form.addEventListener(kind, (e) => { e.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", (e) => { if (!form.contains(e.relatedTarget)) form.classList.remove("over"); });
  form.addEventListener("drop", (e) => {
    e.preventDefault();
    form.classList.remove("over");
    if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; form.requestSubmit(); }
  });
}

// Mend: what is typed is kept in this browser until it is sent, checked by the server as it is typed, and sent as one.
(() => {
  const root = document.getElementById("mend");
  if (!root) return;
  const key = "mend/" + root.dataset.file;
  const kept = JSON.parse(localStorage.getItem(key) || '{"rows": {}, "resend": []}');
  const resend = new Set(kept.resend);
  const summary = root.querySelector("[data-summary]"), send = root.querySelector("[data-send]");
  const cellOf = (row, column) => root.querySelector(`tr[data-row="${row}"] input[data-key="${CSS.escape(column)}"]`);
  const body = (check) => JSON.stringify({ rows: kept.rows, resend: [...resend], check });
  const store = () => { kept.resend = [...resend]; localStorage.setItem(key, JSON.stringify(kept)); };
  const any = () => Object.keys(kept.rows).length + resend.size > 0;

  const set = (input, text) => {
    const row = input.closest("tr").dataset.row, column = input.dataset.key;
    if (input.value !== text) input.value = text;
    const same = text === input.defaultValue;
    input.parentElement.classList.toggle("changed", !same);
    kept.rows[row] = kept.rows[row] || {};
    if (same) delete kept.rows[row][column]; else kept.rows[row][column] = text;
    if (!Object.keys(kept.rows[row]).length) delete kept.rows[row];
  };

  let asked = 0, timer = null;
  const later = () => { store(); clearTimeout(timer); timer = setTimeout(check, 350); };
  const failed = () => { summary.textContent = root.dataset.sayFailed; send.disabled = true; clearTimeout(timer); timer = setTimeout(check, 1500); };
  const check = async () => {
    send.disabled = !any();
    if (!any()) { summary.textContent = ""; return; }
    const mine = ++asked;
    summary.textContent = root.dataset.sayChecking;
    const answer = await fetch(root.dataset.mend, { method: "POST", headers: { "Content-Type": "application/json" }, body: body(true) }).catch(() => null);
    if (mine !== asked) return;
    const found = answer && await answer.json().catch(() => null);
    if (mine !== asked) return;
    if (!found) { failed(); return; }
    if (!answer.ok) { summary.textContent = found.detail || root.dataset.sayFailed; send.disabled = true; return; }
    show(found);
  };

  const show = (found) => {
    const problems = found.problems || [];
    for (const tr of root.querySelectorAll("tr[data-row]")) {
      const row = +tr.dataset.row, touched = kept.rows[row] || resend.has(row);
      const here = problems.filter((p) => p.row === row && !p.warning);
      for (const input of tr.querySelectorAll("input[data-key]")) {
        const wrong = here.find((p) => (p.column || "").trim() === input.dataset.key);
        input.parentElement.classList.toggle("wrong", !!wrong);
        if (wrong) { input.title = wrong.text; input.setAttribute("aria-invalid", "true"); } else { input.removeAttribute("title"); input.removeAttribute("aria-invalid"); }
      }
      if (touched || here.length) tr.querySelector("[data-said]").textContent = here.map((p) => p.text).join(" | ");
    }
    if (found.quarantine) { summary.textContent = found.quarantine; send.disabled = true; return; }
    summary.textContent = (found.invalid ? root.dataset.sayBad : root.dataset.sayGood).replace("{send}", found.would_be_sent).replace("{invalid}", found.invalid);
    send.disabled = found.would_be_sent === 0;
  };

  root.addEventListener("input", (e) => {
    if (e.target.matches("input[data-key]")) { set(e.target, e.target.value); later(); }
    if (e.target.matches("[data-resend]")) { const row = +e.target.closest("tr").dataset.row; if (e.target.checked) resend.add(row); else resend.delete(row); later(); }
  });

  // Paste of a column or a block from a spreadsheet fills the cells from here on, downwards and to the right.
  root.addEventListener("paste", (e) => {
    if (!e.target.matches("input[data-key]")) return;
    const text = e.clipboardData.getData("text").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!/[\n\t]/.test(text)) return;
    e.preventDefault();
    const rows = [...root.querySelectorAll("tr[data-row]")], at = rows.indexOf(e.target.closest("tr"));
    const column = [...e.target.closest("tr").querySelectorAll("input[data-key]")].indexOf(e.target);
    text.split("\n").forEach((line, i) => line.split("\t").forEach((value, k) => {
      const input = rows[at + i] && rows[at + i].querySelectorAll("input[data-key]")[column + k];
      if (input) set(input, value);
    }));
    later();
  });

  // Enter and the arrows move between rows, as in a spreadsheet.
  root.addEventListener("keydown", (e) => {
    if (!e.target.matches("input[data-key]") || !["Enter", "ArrowDown", "ArrowUp"].includes(e.key)) return;
    const rows = [...root.querySelectorAll("tr[data-row]")], next = rows[rows.indexOf(e.target.closest("tr")) + (e.key === "ArrowUp" ? -1 : 1)];
    const input = next && next.querySelector(`input[data-key="${CSS.escape(e.target.dataset.key)}"]`);
    if (input) { e.preventDefault(); input.focus(); input.select(); }
  });

  // Replace in a column: first what would change, then, with a second press, it does.
  const part = (name) => root.querySelector(`[data-replace="${name}"]`);
  let planned = null;
  const plan = () => {
    const find = part("find").value, put = part("with").value, column = part("column").value;
    return [...root.querySelectorAll(`input[data-key="${CSS.escape(column)}"]`)].map((input) => [input, find === "" ? (input.value === "" ? put : input.value) : input.value.replaceAll(find, put)]).filter(([input, text]) => input.value !== text);
  };
  for (const name of ["find", "with", "column"]) part(name).addEventListener("input", () => { planned = null; part("preview").hidden = true; });
  part("look").addEventListener("click", () => {
    if (planned) { planned.forEach(([input, text]) => set(input, text)); planned = null; part("preview").hidden = true; later(); return; }
    planned = plan();
    const preview = part("preview");
    preview.hidden = false;
    preview.textContent = root.dataset.sayReplace.replace("{count}", planned.length) + " " + planned.slice(0, 5).map(([input, text]) => `“${input.value}” → “${text}”`).join(", ") + (planned.length > 5 ? " …" : "");
    if (!planned.length) planned = null;
  });

  root.querySelector("[data-forget]").addEventListener("click", () => { localStorage.removeItem(key); location.reload(); });
  send.addEventListener("click", async () => {
    send.disabled = true;
    const answer = await fetch(root.dataset.mend, { method: "POST", headers: { "Content-Type": "application/json" }, body: body(false) }).catch(() => null);
    const found = answer && await answer.json().catch(() => null);
    if (answer && answer.ok && found) { localStorage.removeItem(key); location.href = "/files/" + found.id; return; }
    if (!found) { failed(); return; }
    summary.textContent = found.detail || root.dataset.sayFailed;
    send.disabled = false;
  });

  for (const [row, columns] of Object.entries(kept.rows)) for (const [column, text] of Object.entries(columns)) { const input = cellOf(row, column); if (input) set(input, text); }
  for (const row of resend) { const tick = root.querySelector(`tr[data-row="${row}"] [data-resend]`); if (tick) tick.checked = true; }
  check();
})();
