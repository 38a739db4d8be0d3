// The side bar, light and dark, being offline, and messages from the page before.
import { takeToast, toast } from "./toast.js";
import { send, texts } from "./net.js";

const root = document.documentElement;
const keep = (name, value) => {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
};

const acts = {
  fold() {
    const narrow = root.dataset.side !== "narrow";
    narrow ? (root.dataset.side = "narrow") : delete root.dataset.side;
    keep("side", narrow ? "narrow" : "wide");
  },
  side() {
    const side = document.getElementById("side");
    const opens = side.classList.toggle("is-open");
    document.querySelector(".side-shade").hidden = !opens;
    document.querySelector(".top-menu").setAttribute("aria-expanded", String(opens));
    if (opens) side.querySelector(".side-item").focus();
  },
  theme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    keep("theme", root.dataset.theme);
  },
  keys() { document.getElementById("keys").showModal(); },
};

document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (acts[act]) acts[act]();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.getElementById("side")?.classList.contains("is-open")) acts.side();
});

const offline = document.getElementById("offline");
const told = () => { if (offline) offline.hidden = navigator.onLine; };
addEventListener("online", told);
addEventListener("offline", told);

export function undoable(text, undo) {
  toast(text, {
    action: undo ? texts.undo : "", stay: 9000,
    act: async () => {
      const { ok, body } = await send(undo);
      if (ok) { location.href = body.location; } else { toast(body.problems?.[0]?.message ?? texts.failed, { error: true }); }
    },
  });
}

const waiting = takeToast();
if (waiting) waiting.undo ? undoable(waiting.text, waiting.undo) : toast(waiting.text);

document.querySelectorAll(".tabs .is-here").forEach((tab) => { tab.parentElement.scrollLeft = Math.max(0, tab.offsetLeft - 80); });
