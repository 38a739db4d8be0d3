// One letter for what is done most. Never while somebody types.
import { current, move } from "./list.js";

let before = "";

const typing = (element) => element?.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

function press(selector) {
  const found = document.querySelector(selector);
  if (!found) return false;
  found.matches("summary") && found.parentElement.open ? (found.parentElement.open = false) : found.click();
  found.parentElement.querySelector?.("[role=menuitem]")?.focus();
  return true;
}

const keys = {
  "/": () => { document.querySelector("[data-search]")?.focus(); return true; },
  c: () => press("[data-key=c]"),
  e: () => press("[data-key=e]"),
  f: () => press("[data-key=f]"),
  j: () => move(1),
  k: () => move(-1),
  x: () => { current()?.querySelector("input[name=id]")?.click(); return true; },
  "?": () => { document.getElementById("keys")?.showModal(); return true; },
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  if (before === "g" && event.key === "h") { location.href = "/"; return; }
  before = event.key;
  if (keys[event.key]?.()) event.preventDefault();
});
