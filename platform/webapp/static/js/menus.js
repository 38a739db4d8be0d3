// Menus are <details>: this closes them, and moves through them by keys. Dialogs close here too.
import { part } from "./net.js";

const open = () => [...document.querySelectorAll("details[data-menu][open]")];

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
  const closer = event.target.closest('[data-act="close"]');
  if (closer) closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

document.addEventListener("keydown", (event) => {
  const menu = open().at(-1);
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
    event.preventDefault();
    return;
  }
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !menu.querySelector("[role=menu]")) return;
  const items = [...menu.querySelectorAll("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  items[(at + step + items.length) % items.length]?.focus();
  event.preventDefault();
});

// what is long is fetched when its menu is opened first
document.addEventListener("toggle", async (event) => {
  const body = event.target.open && event.target.querySelector?.(":scope > [data-load]");
  if (!body) return;
  const html = await part(body.dataset.load);
  if (html === null) return;
  body.removeAttribute("data-load");
  body.innerHTML = html;
  body.querySelector("summary, input:not([type=hidden])")?.focus();
}, true);
