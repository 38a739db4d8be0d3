// The page of a record: editing values in place, transitions, comments, related lists, older entries.
import { besides, showPanel } from "./duplicates.js";
import { carryOver, note, part, refresh, send, showProblems, texts } from "./net.js";
import { toast, toastThere } from "./toast.js";
import { askWay, takeWay } from "./ways.js";

const record = document.querySelector("[data-record]");
let editing = null;

async function edit(name) {
  const fact = record.querySelector(`[data-fact="${CSS.escape(name)}"]`);
  if (!fact || fact === editing) return;
  leave();
  const html = await part(`${record.dataset.record}/value/${encodeURIComponent(name)}`);
  if (html === null) { toast(texts.failed, { error: true }); return; }
  editing = fact;
  const value = fact.querySelector("dd");
  fact.dataset.before = value.innerHTML;
  value.innerHTML = html;
  value.dataset.name = name;
  fact.classList.add("is-editing");
  const input = value.querySelector(".input, input[type=checkbox]");
  input?.focus();
  if (input?.select && input.matches("input:not([type=date])")) input.select();
}

function leave() {
  if (!editing) return;
  const value = editing.querySelector("dd");
  value.innerHTML = editing.dataset.before;
  editing.classList.remove("is-editing");
  editing.querySelector(".fact-edit")?.focus();
  editing = null;
}

async function saveValue(form, submitter) {
  const { ok, status, body } = await send(form.action, new FormData(form, submitter));
  if (ok) { editing = null; await refresh(); toast(texts.saved, { stay: 2000 }); return; }
  if (!status) return;
  carryOver(form, body);
  const fact = form.closest("[data-fact]");
  const problems = besides(body).map((one) => ({ ...one, field: fact.dataset.fact === one.field || !one.field ? fact.dataset.fact : one.field }));
  const { general } = showProblems(fact, problems);
  showPanel(form, body.duplicates);
  if (body.stale) stale(body.stale);
  else if (general.length) toast(general.join(" "), { error: true });
}

function stale(told) {
  const box = record.querySelector("[data-note]");
  const line = note("warning", "", [told]);
  const button = line.appendChild(Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: texts.reload }));
  button.addEventListener("click", () => location.reload());
  box.replaceChildren(line);
  box.hidden = false;
}

async function taken() {
  await refresh();
  toast(texts.done);
}

if (record) {
  record.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-edit]");
    const value = event.target.closest(".is-editable");
    if (button) { edit(button.dataset.edit); return; }
    if (value && !event.target.closest("a, button, form") && !getSelection().toString()) {
      edit(value.closest("[data-fact]").dataset.fact);
      return;
    }
    if (event.target.closest('[data-act="leave-value"]')) leave();
    const asks = event.target.closest("[data-ask]");
    if (asks && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      asks.closest("details")?.removeAttribute("open");
      if (await askWay(asks.getAttribute("href"))) await taken();
    }
    const tab = event.target.closest("[data-related] [data-part], [data-act=more-related]");
    if (tab && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const body = tab.closest("[data-related-body]") ?? record.querySelector("[data-related-body]");
      const html = await part(tab.dataset.part);
      if (html === null) { location.href = tab.href; return; }
      body.innerHTML = html;
      if (tab.matches("a")) {
        record.querySelectorAll("[data-related] a").forEach((one) => { one.classList.toggle("is-here", one === tab); one.toggleAttribute("aria-current", one === tab); });
      }
    }
    const older = event.target.closest("[data-act=older]");
    if (older) {
      const html = await part(older.dataset.part);
      if (html !== null) older.outerHTML = html;
    }
  });
  record.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.matches("[data-value]")) { event.preventDefault(); await saveValue(form, event.submitter); }
    else if (form.matches("[data-way]")) {
      event.preventDefault();
      form.closest("details")?.removeAttribute("open");
      form.querySelector(".button")?.classList.add("is-busy");
      const version = record.querySelector("#record-head").dataset.version;
      const ok = await takeWay(form.action, version);
      form.querySelector(".button")?.classList.remove("is-busy");
      if (ok) await taken();
    } else if (form.matches("[data-comment]")) {
      event.preventDefault();
      const { ok, body } = await send(form.action, new FormData(form));
      if (ok) { form.reset(); await refresh(); }
      else if (body.problems) toast(body.problems[0].message, { error: true });
    } else if (form.matches("[data-delete]")) {
      event.preventDefault();
      form.closest("details")?.removeAttribute("open");
      const { ok, body } = await send(form.action, new FormData(form));
      if (ok) { toastThere({ text: texts.deleted, undo: body.undo }); location.href = body.location; }
      else if (body.problems) toast(body.problems.map((one) => one.message).join(" "), { error: true });
    }
  });
  record.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && editing && !event.defaultPrevented) { leave(); event.preventDefault(); }
    if (event.key === "Enter" && event.target.matches("[data-value] input:not([role=combobox]), [data-value] select") && !event.isComposing) {
      event.preventDefault();
      event.target.form.requestSubmit();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) event.target.form.requestSubmit();
  });
  document.addEventListener("refreshed", () => { editing = null; record.dataset.version = record.querySelector("#record-head").dataset.version; });
}
