// Calendar and time line: a record is moved to another day, by the mouse or with Shift and an arrow.
import { refresh, send, texts } from "./net.js";
import { toast } from "./toast.js";

const DAY = 86400000;
const board = () => document.querySelector("[data-calendar]");
let dragged = null, grip = 0;

async function move(event, days) {
  if (!days) return;
  const id = event.dataset.event;
  event.classList.add("is-busy");
  const data = new FormData();
  data.set("version", event.dataset.version);
  data.set("list", board().dataset.list);
  data.set("days", String(days));
  const { ok, body } = await send(`${board().dataset.calendar}/${id}/move`, data);
  event.classList.remove("is-busy");
  if (!ok) { toast([...(body.problems ?? []).map((one) => one.message), body.stale ?? ""].join(" ").trim() || texts.failed, { error: true }); return; }
  await refresh();
  board().querySelector(`[data-event="${id}"]`)?.focus();
}

const dayOf = (element) => Date.parse(element.closest("[data-day]").dataset.day);
const target = (event) => event.target.closest?.("[data-calendar] [data-day]");
const perUnit = (units) => units.getBoundingClientRect().width / Number(units.dataset.units);

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-event]");
  if (!dragged) return;
  grip = event.clientX;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.event);
  dragged.classList.add("is-dragged");
});
document.addEventListener("dragover", (event) => {
  if (!dragged) return;
  const day = target(event), units = event.target.closest?.("[data-units]");
  if (!day && !units) return;
  event.preventDefault();
  board().querySelectorAll(".is-target").forEach((one) => one !== day && one.classList.remove("is-target"));
  day?.classList.add("is-target");
});
document.addEventListener("drop", (event) => {
  if (!dragged) return;
  const day = target(event), units = dragged.closest("[data-units]"), one = dragged;
  event.preventDefault();
  settle();
  if (day) move(one, Math.round((dayOf(day) - dayOf(one)) / DAY));
  else if (units) move(one, Math.round((event.clientX - grip) / perUnit(units)) * Number(units.dataset.step));
});
document.addEventListener("dragend", settle);

function settle() {
  board()?.querySelectorAll(".is-target").forEach((one) => one.classList.remove("is-target"));
  dragged?.classList.remove("is-dragged");
  dragged = null;
}

document.addEventListener("keydown", (event) => {
  const one = event.target.closest?.("[data-event]");
  if (!one || event.ctrlKey || event.metaKey || event.altKey) return;
  const week = one.closest("[data-day]") ? 7 : 0;
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -week, ArrowDown: week }[event.key];
  if (!days) return;
  event.preventDefault();
  if (event.shiftKey && one.draggable) { move(one, days); return; }
  const all = [...board().querySelectorAll("[data-event]")];
  all[all.indexOf(one) + Math.sign(days)]?.focus();
});
