// Changing many records: the dialog, what would happen, and following the work until it can be undone.
import { refresh, send, texts } from "./net.js";
import { toast } from "./toast.js";

const list = () => document.querySelector("[data-list]");
let matching = false;

document.addEventListener("click", (event) => {
  const all = event.target.closest('[data-act="pick-matching"]');
  if (all) {
    matching = true;
    list().querySelectorAll("input[name=id]").forEach((one) => (one.checked = true));
    list().querySelector("[data-picked-count]").textContent = all.dataset.told;
    all.hidden = true;
  }
  const button = event.target.closest("[data-change]");
  if (button) open(button.dataset.change);
});
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick-all], [data-list] input[name=id]")) return;
  matching = false;
  const all = document.querySelector('[data-act="pick-matching"]');
  if (all) all.hidden = false;
});

document.addEventListener("submit", (event) => {
  // a file is saved beside the page, which stays
  if (event.target.matches("[data-export]")) event.target.closest("details").open = false;
});

async function open(address) {
  const url = new URL(address, location.href);
  if (matching) url.searchParams.set("_all", "1");
  else for (const one of list().querySelectorAll("input[name=id]:checked")) url.searchParams.append("_id", one.value);
  show(await html(url));
}

const html = async (address, options = {}) => {
  const answer = await fetch(address, { credentials: "same-origin", ...options, headers: { "X-Part": "1", ...options.headers } }).catch(() => null);
  if (!answer || (!answer.ok && answer.status !== 422)) { toast(texts.failed, { error: true }); return ""; }
  return answer.text();
};

/** Puts the dialog into the page, in the place of the one before. */
function show(text) {
  if (!text) return;
  const made = new DOMParser().parseFromString(text, "text/html").querySelector("[data-bulk]");
  if (!made) return;
  const before = document.querySelector("dialog[data-bulk]");
  const dialog = document.importNode(made, true);
  before ? before.replaceWith(dialog) : document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  const first = dialog.querySelector(".has-problem .input") ?? dialog.querySelector("[data-preview]")?.closest("form").querySelector("[name=start]");
  (first ?? dialog.querySelectorAll(".field .input")[dialog.querySelector("[data-what]").value ? 1 : 0] ?? dialog.querySelector(".input")).focus();
}

document.addEventListener("change", async (event) => {
  if (!event.target.matches("[data-bulk] [data-what]")) return;
  const url = new URL(event.target.form.action);
  url.searchParams.set("_what", event.target.value);
  show(await html(url));
});
document.addEventListener("input", (event) => {
  // what was seen is no longer what would happen
  const dialog = event.target.closest("[data-bulk]");
  const start = dialog?.querySelector("[name=start]");
  if (start && !event.target.matches("[data-what]")) { start.disabled = true; dialog.querySelector("[data-preview]")?.classList.add("is-old"); }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("[data-bulk]")) return;
  event.preventDefault();
  const button = event.submitter;
  button?.classList.add("is-busy");
  const data = new FormData(form);
  if (button?.name !== "start") {
    show(await html(form.action, { method: "POST", body: new URLSearchParams(data) }));
    button?.classList.remove("is-busy");
    return;
  }
  data.set("start", "1");
  const { ok, status, body } = await send(form.action, data);
  button.classList.remove("is-busy");
  if (!ok) { if (status) toast(body.problems?.map((one) => one.message).join(" ") || texts.failed, { error: true }); return; }
  form.closest("dialog").close();
  follow(body.location, toast(body.told, { link: { text: texts.progress, address: body.location }, stay: 600000 }));
});

/** Waits until the work is over; then tells what came of it, with a way back. */
export async function follow(address, line) {
  for (;;) {
    await new Promise((go) => setTimeout(go, 700));
    const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer) continue;
    if (!answer.ok) { line?.remove(); return; }
    const work = await answer.json();
    if (work.moving) continue;
    line?.remove();
    await refresh();
    matching = false;
    const undo = async () => {
      const { ok, body } = await send(`${address}/undo`);
      if (ok) follow(body.location, toast(body.told, { link: { text: texts.progress, address: body.location }, stay: 600000 }));
      else toast(body.problems?.[0]?.message ?? texts.failed, { error: true });
    };
    toast(work.told, { error: work.failed, link: { text: texts.progress, address }, action: work.undo ? texts.undo : "", act: undo, stay: 20000 });
    return;
  }
}
