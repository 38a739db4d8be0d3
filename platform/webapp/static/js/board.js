// The board: a card moves by a transition, or goes back where it was and says why.
import { refresh, send } from "./net.js";
import { askWay, takeWay } from "./ways.js";
import { toast } from "./toast.js";
import { texts } from "./net.js";

let dragged = null;
const board = () => document.querySelector("[data-board]");
const waysOf = (card) => card.closest("[data-lane]").dataset.ways.split(" ").map((one) => one.split(":"));
const wayTo = (card, lane) => waysOf(card).find(([target]) => target === lane)?.[1];

function settle() {
  board().querySelectorAll(".is-target, .is-closed-to").forEach((lane) => lane.classList.remove("is-target", "is-closed-to"));
  dragged?.classList.remove("is-dragged");
  dragged = null;
}

async function take(card, way, asks, lane) {
  const from = card.parentElement, next = card.nextElementSibling;
  if (lane) lane.querySelector("ol").prepend(card); // at once; back again when it is refused
  card.classList.add("is-busy");
  const address = `${board().dataset.board}/${card.dataset.card}/do/${way}`;
  const ok = way.startsWith("=") ? await choose(card, way.slice(1)) : asks ? await askWay(address) : await takeWay(address, card.dataset.version);
  card.classList.remove("is-busy");
  if (ok) { await refresh(); toast(texts.moved.replace("{stage}", lane?.querySelector("h2").textContent ?? "")); }
  else if (lane) from.insertBefore(card, next);
}

/** Another option of the choice that the board is made of. */
async function choose(card, option) {
  const data = new FormData();
  data.set("version", card.dataset.version);
  data.set(board().dataset.by, option);
  const { ok, body } = await send(`${board().dataset.board}/${card.dataset.card}/value/${board().dataset.by}`, data);
  if (!ok) toast((body.problems ?? []).map((one) => one.message).join(" ") || texts.failed, { error: true });
  return ok;
}

const asksFor = (card, way) => card.closest("[data-lane]").querySelector("template").content.querySelector(`[data-way="${CSS.escape(way)}"]`)?.hasAttribute("data-asks");

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-card]");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.card);
  dragged.classList.add("is-dragged");
  board().querySelectorAll("[data-lane]").forEach((lane) => {
    if (!lane.contains(dragged)) lane.classList.toggle("is-closed-to", !wayTo(dragged, lane.dataset.lane));
  });
});
document.addEventListener("dragover", (event) => {
  const lane = event.target.closest?.("[data-lane]");
  if (!dragged || !lane) return;
  event.preventDefault();
  board().querySelectorAll(".is-target").forEach((one) => one !== lane && one.classList.remove("is-target"));
  if (!lane.contains(dragged) && wayTo(dragged, lane.dataset.lane)) lane.classList.add("is-target");
});
document.addEventListener("drop", (event) => {
  const lane = event.target.closest?.("[data-lane]"), card = dragged;
  if (!card || !lane) return;
  event.preventDefault();
  settle();
  if (lane.contains(card)) return;
  const way = wayTo(card, lane.dataset.lane);
  if (way) take(card, way, asksFor(card, way), lane);
  else toast(texts.noWay.replace("{stage}", lane.querySelector("h2").textContent), { error: true });
});
document.addEventListener("dragend", () => { if (dragged) settle(); });
document.addEventListener("click", (event) => {
  const choice = event.target.closest?.("[data-board] [data-way]");
  if (!choice || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  choice.closest("details").open = false;
  const card = choice.closest("[data-card]");
  const target = waysOf(card).find(([, way]) => way === choice.dataset.way)?.[0];
  const lane = board().querySelector(`[data-lane="${CSS.escape(target)}"]`);
  take(card, choice.dataset.way, choice.hasAttribute("data-asks"), lane);
});

// the menu of a card is made when it is opened: many cards, one menu a column
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".board-menu") || !menu.open || menu.querySelector(".menu-list")) return;
  const card = menu.closest("[data-card]");
  const list = menu.closest("[data-lane]").querySelector("template").content.cloneNode(true);
  list.querySelectorAll("a").forEach((link) => link.setAttribute("href", link.getAttribute("href").replace("/ID/", `/${card.dataset.card}/`)));
  menu.append(list);
}, true);
