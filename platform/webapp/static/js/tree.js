// A tree: unfolded where it is looked at, moved by the mouse or by the menu of a row.
import { part, refresh, send, showProblems, texts } from "./net.js";
import { toast } from "./toast.js";

const tree = () => document.querySelector("[data-tree]");
const level = (row) => Number(row.dataset.level);
let dragged = null;

/** The rows below one, as far as they are there. */
function below(row) {
  const found = [];
  for (let next = row.nextElementSibling; next && (!next.dataset.level || level(next) > level(row)); next = next.nextElementSibling) found.push(next);
  return found;
}

async function unfold(row) {
  if (row.hasAttribute("aria-busy")) return;
  row.setAttribute("aria-busy", "true");
  const html = await part(row.dataset.part);
  row.removeAttribute("aria-busy");
  if (html === null) { toast(texts.failed, { error: true }); return; }
  row.insertAdjacentHTML("afterend", html);
  row.setAttribute("aria-expanded", "true");
}

function fold(row) {
  below(row).forEach((one) => one.remove());
  row.setAttribute("aria-expanded", "false");
}

const toggle = (row) => (row.getAttribute("aria-expanded") === "true" ? fold(row) : unfold(row));

async function move(id, version, to, title) {
  const data = new FormData();
  data.set("version", version);
  data.set(tree().dataset.parent, title);
  data.set(`${tree().dataset.parent}:id`, to);
  const { ok, body } = await send(`${tree().dataset.tree}/${id}/value/${tree().dataset.parent}`, data);
  if (!ok) { toast((body.problems ?? []).map((one) => one.message).join(" ") || texts.failed, { error: true }); return; }
  await again();
}

/** The tree anew, unfolded as it was. */
async function again() {
  const open = new Set([...tree().querySelectorAll('[aria-expanded="true"]')].map((row) => row.dataset.node));
  await refresh();
  for (let row = tree().querySelector("[data-node]"); row; row = row.nextElementSibling) {
    if (open.has(row.dataset.node) && row.dataset.part) await unfold(row);
  }
}

/** Asks below which record another one belongs. */
async function ask(address) {
  const html = await part(address);
  if (html === null) { toast(texts.failed, { error: true }); return; }
  const dialog = Object.assign(document.createElement("dialog"), { className: "dialog" });
  dialog.innerHTML = `<div class="dialog-body">${html}</div>`;
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector(".input")?.focus();
  dialog.addEventListener("close", () => dialog.remove());
  dialog.querySelector('[data-act="leave-value"]').addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { ok, body } = await send(event.target.action, new FormData(event.target));
    if (ok) { dialog.close(); await again(); }
    else { const { general } = showProblems(dialog, body.problems ?? []); if (general.length) toast(general.join(" "), { error: true }); }
  });
}

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("[data-unfold]")?.closest("[data-node]");
  if (row) toggle(row);
  const mover = event.target.closest?.("[data-move-node]");
  if (!mover || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  mover.closest("details").open = false;
  ask(mover.dataset.moveNode);
});
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("[data-node]");
  if (!row || event.target.closest("[role=menu], input") || !["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"].includes(event.key)) return;
  const open = row.getAttribute("aria-expanded");
  event.preventDefault();
  if (event.key === "ArrowRight" && open === "false") { unfold(row); return; }
  if (event.key === "ArrowLeft" && open === "true") { fold(row); return; }
  const all = [...tree().querySelectorAll("[data-node]")], at = all.indexOf(row);
  let next = all[at + (event.key === "ArrowUp" || event.key === "ArrowLeft" ? -1 : 1)];
  if (event.key === "ArrowLeft") while (next && level(next) >= level(row)) next = all[all.indexOf(next) - 1];
  next?.querySelector(".row-title").focus();
});
document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-node]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.node);
  dragged.classList.add("is-dragged");
});
const over = (event) => {
  const row = event.target.closest?.("[data-node], [data-tree] thead tr");
  return dragged && row && row !== dragged && !below(dragged).includes(row) ? row : null;
};
document.addEventListener("dragover", (event) => {
  const row = over(event);
  if (dragged) tree().querySelectorAll(".is-target").forEach((one) => one.classList.remove("is-target"));
  if (!row) return;
  event.preventDefault();
  row.classList.add("is-target");
});
document.addEventListener("drop", (event) => {
  const row = over(event), one = dragged;
  settle();
  if (!row) return;
  event.preventDefault();
  move(one.dataset.node, one.dataset.version, row.dataset.node ?? "", row.querySelector(".row-title")?.textContent ?? "");
});
document.addEventListener("dragend", settle);

function settle() {
  tree()?.querySelectorAll(".is-target").forEach((one) => one.classList.remove("is-target"));
  dragged?.classList.remove("is-dragged");
  dragged = null;
}

// one company, one trunk: what is at the top is unfolded when there is little of it
const tops = [...(tree()?.querySelectorAll("[data-part]") ?? [])];
if (tops.length && tops.length <= 3) tops.forEach(unfold);
