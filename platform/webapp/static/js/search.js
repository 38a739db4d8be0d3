// The search in the top bar: results while typing, chosen by keys.
import { part } from "./net.js";

const input = document.querySelector("[data-search]");
const box = document.getElementById("found");
let timer = 0, asked = 0;

const options = () => [...box.querySelectorAll("[role=option]")];
const show = (visible) => { box.hidden = !visible; input.setAttribute("aria-expanded", String(visible)); };

async function look() {
  const words = input.value.trim();
  if (!words) { show(false); return; }
  const number = ++asked;
  const html = await part(`/search?part=1&q=${encodeURIComponent(words)}`);
  if (number !== asked || html === null) return;
  box.innerHTML = html;
  show(document.activeElement === input);
}

if (input) {
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 160); });
  input.addEventListener("focus", () => { if (input.value.trim() && box.childElementCount) show(true); });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const found = options(), at = found.findIndex((one) => one.ariaSelected === "true");
    if (event.key === "Escape") { box.hidden ? input.blur() : show(false); event.stopPropagation(); }
    if (event.key === "Enter" && at >= 0 && !box.hidden) { event.preventDefault(); found[at].click(); }
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || !found.length) return;
    event.preventDefault();
    found.forEach((one) => (one.ariaSelected = "false"));
    const next = found[(at + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length];
    next.ariaSelected = "true";
    next.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".search")) show(false); });
}
