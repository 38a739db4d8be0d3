// Calendar and time line: a record is moved to another day, by the mouse or with Shift and an arrow.
// On a time line its beginning or end alone, by the edge of its bar or with Ctrl or Alt besides.
import { refresh, send, texts } from "./net.js";
import { toast } from "./toast.js";

const DAY = 86400000;
const board = () => document.querySelector("[data-calendar]");
let dragged = null, grip = 0, resized = null;

async function move(event, days, edge = "") {
  if (!days) return;
  const id = event.dataset.event;
  event.classList.add("is-busy");
  const data = new FormData();
  data.set("version", event.dataset.version);
  data.set("list", board().dataset.list);
  data.set("days", String(days));
  data.set("edge", edge);
  const { ok, body } = await send(`${board().dataset.calendar}/${id}/move`, data);
  event.classList.remove("is-busy");
  if (!ok) { toast([...(body.problems ?? []).map((one) => one.message), body.stale ?? ""].join(" ").trim() || texts.failed, { error: true }); return; }
  await refresh();
  board().querySelector(`[data-event="${id}"]`)?.focus();
}

const dayOf = (element) => Date.parse(element.closest("[data-day]").dataset.day);
const target = (event) => event.target.closest?.("[data-calendar] [data-day]");
const perUnit = (units) => units.getBoundingClientRect().width / Number(units.dataset.units);

/** Gives a bar its place in the units of its row, by its classes. */
function put(bar, at, units) {
  const kept = [...bar.classList].filter((name) => !/^(at|for)-\d+$/.test(name));
  bar.className = [...kept, `at-${at}`, `for-${units}`].join(" ");
}

/** Where a bar begins and ends when one of its edges stands some units further. */
function spanned({ at, units, most, edge }, by) {
  const last = at + units - 1;
  if (edge === "begin") { const first = Math.min(Math.max(at + by, 1), last); return { first, last, moved: first - at }; }
  const end = Math.max(Math.min(last + by, most), at);
  return { first: at, last: end, moved: end - last };
}

document.addEventListener("pointerdown", (event) => {
  const edge = event.target.closest?.("[data-edge]");
  if (!edge || event.button) return;
  const bar = edge.closest("[data-event]"), row = bar.closest("[data-units]");
  const number = (prefix) => Number([...bar.classList].find((name) => name.startsWith(prefix)).slice(prefix.length));
  resized = { bar, row, edge: edge.dataset.edge, at: number("at-"), units: number("for-"), most: Number(row.dataset.units), from: event.clientX, by: 0, was: bar.className };
  event.preventDefault();
  edge.setPointerCapture(event.pointerId);
  bar.classList.add("is-resized");
});
document.addEventListener("pointermove", (event) => {
  if (!resized) return;
  resized.by = Math.round((event.clientX - resized.from) / perUnit(resized.row));
  const { first, last } = spanned(resized, resized.by);
  put(resized.bar, first, last - first + 1);
});
document.addEventListener("pointerup", (event) => { if (resized) resize(event.type); });
document.addEventListener("pointercancel", (event) => { if (resized) resize(event.type); });

async function resize(how) {
  const { bar, row, edge, was } = resized, { moved } = spanned(resized, resized.by);
  resized = null;
  bar.className = was;
  addEventListener("click", (event) => event.preventDefault(), { capture: true, once: true });
  setTimeout(() => dispatchEvent(new Event("click")));  // where no click follows, none waits
  if (how === "pointerup") await move(bar, moved * Number(row.dataset.step), edge);
}

document.addEventListener("dragstart", (event) => {
  if (resized) { event.preventDefault(); return; }
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
  if (!one) return;
  const edge = event.altKey ? "end" : event.ctrlKey || event.metaKey ? "begin" : "";
  if (edge) {
    const days = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!days || !event.shiftKey || !(`${edge}s` in one.dataset)) return;
    event.preventDefault();
    move(one, days, edge);
    return;
  }
  const week = one.closest("[data-day]") ? 7 : 0;
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -week, ArrowDown: week }[event.key];
  if (!days) return;
  event.preventDefault();
  if (event.shiftKey && one.draggable) { move(one, days); return; }
  const all = [...board().querySelectorAll("[data-event]")];
  all[all.indexOf(one) + Math.sign(days)]?.focus();
});
