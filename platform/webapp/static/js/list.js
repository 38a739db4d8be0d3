// Lists: rows under the hand, selecting, deleting with a way back, filters without empty parts.
import { undoable } from "./frame.js";
import { refresh, send, texts } from "./net.js";
import { toast } from "./toast.js";

const table = () => document.querySelector("[data-list]");
const picks = () => [...(table()?.querySelectorAll("input[name=id]") ?? [])];

function count() {
  const box = table()?.querySelector("[data-picked]");
  const all = picks(), on = all.filter((one) => one.checked);
  all.forEach((one) => one.closest("tr").classList.toggle("is-picked", one.checked));
  const whole = table()?.querySelector("[data-pick-all]");
  if (whole) { whole.checked = on.length > 0 && on.length === all.length; whole.indeterminate = on.length > 0 && on.length < all.length; }
  if (!box) return;
  box.hidden = !on.length;
  box.querySelector("[data-picked-count]").textContent = texts.selected.replace("{n}", on.length);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) picks().forEach((one) => (one.checked = event.target.checked));
  if (event.target.matches("[data-pick-all], [data-list] input[name=id]")) count();
});
document.addEventListener("click", (event) => {
  if (event.target.closest('[data-act="unpick"]')) { picks().forEach((one) => (one.checked = false)); count(); }
});
document.addEventListener("submit", async (event) => {
  if (event.target.matches("[data-filters], .tool-search")) {
    // an address without empty parts is one that people can read and send
    for (const input of event.target.elements) if (input.name && input.value === "") input.disabled = true;
    return;
  }
  if (!event.target.matches("[data-list]")) return;
  event.preventDefault();
  const { ok, body } = await send(event.target.action, new FormData(event.target));
  if (!ok) { toast(body.problems?.map((one) => one.message).join(" ") || texts.failed, { error: true }); return; }
  await refresh();
  count();
  undoable(texts.deleted, body.undo);
});
addEventListener("pageshow", () => {
  count();
  document.querySelectorAll("[data-filters] :disabled, .tool-search :disabled").forEach((one) => (one.disabled = false));
});

export function move(step) {
  const rows = [...document.querySelectorAll("tr[data-row]")];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.classList.contains("is-current"));
  rows[at]?.classList.remove("is-current");
  const row = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  row.classList.add("is-current");
  row.scrollIntoView({ block: "nearest" });
  row.querySelector(".row-title")?.focus({ preventScroll: true });
  return true;
}

export const current = () => document.querySelector("tr.is-current");
