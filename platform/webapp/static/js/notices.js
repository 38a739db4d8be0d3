// The bell: its number is looked at every half minute while the page is seen, its panel is fetched
// whenever it is opened.
import { part, refresh, send } from "./net.js";
import { toast } from "./toast.js";

const EVERY = 30000;
const bell = document.querySelector("[data-bell]");
const panel = bell?.querySelector("[data-panel]");
let looked = Date.now();

function show({ unread, shown }) {
  const count = bell.querySelector(".bell-count");
  count.textContent = shown;
  const summary = bell.querySelector("summary");
  const label = unread ? bell.dataset.some.replace("{n}", shown) : bell.dataset.none;
  summary.setAttribute("aria-label", label);
  summary.title = label;
}

async function look() {
  looked = Date.now();
  const answer = await fetch("/notices/count", { credentials: "same-origin", headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok) show(await answer.json());
}

async function draw() {
  const html = await part("/notices/panel");
  if (html !== null) panel.innerHTML = html;
}

if (bell) {
  setInterval(() => { if (document.visibilityState === "visible" && navigator.onLine) look(); }, EVERY);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - looked > EVERY) look();
  });
  bell.addEventListener("toggle", () => { if (bell.open) { draw(); look(); } });
  bell.addEventListener("submit", async (event) => {
    if (!event.target.matches("[data-read-all]")) return;
    event.preventDefault();
    const { ok, body } = await send(event.target.action, new FormData(event.target));
    if (!ok) return;
    show(body);
    toast(body.told);
    await draw();
    if (document.getElementById("notices")) await refresh();
  });
}
