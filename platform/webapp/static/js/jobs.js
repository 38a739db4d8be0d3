// What happens in the background: parts of a page that are drawn anew by themselves, and acting on jobs.
import { refresh, send, texts } from "./net.js";
import { toast } from "./toast.js";

const lives = () => [...document.querySelectorAll("[data-every]")];
let acting = false;

/** Draws anew what has changed; what has the focus keeps it. */
async function look() {
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-Part": "1" } }).catch(() => null);
  const text = answer?.ok ? await answer.text() : "";
  if (!text || acting) return;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of lives()) {
    const other = fresh.getElementById(old.getAttribute("id"));
    if (!other || other.outerHTML === old.outerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const again = focused?.dataset.focus ?? "", address = focused?.getAttribute("href") ?? "";
    const made = document.importNode(other, true);
    old.replaceWith(made);
    if (again) made.querySelector(`[data-focus="${CSS.escape(again)}"]`)?.focus();
    else if (address) made.querySelector(`[href="${CSS.escape(address)}"]`)?.focus();
  }
  document.dispatchEvent(new CustomEvent("refreshed"));
}

async function watch() {
  for (;;) {
    const every = Math.min(...lives().map((one) => Number(one.dataset.every) || 60), 60);
    await new Promise((go) => setTimeout(go, every * 1000));
    const busy = acting || document.visibilityState !== "visible" || !navigator.onLine || document.querySelector("dialog[open]");
    if (lives().length && !busy) await look();
  }
}
if (lives().length) watch();
document.addEventListener("visibilitychange", () => { if (lives().length && document.visibilityState === "visible") look(); });

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-job-act]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (acting) return;
  acting = true;
  button?.classList.add("is-busy");
  const { ok, status, body } = await send(button?.getAttribute("formaction") ?? form.action, new FormData(form));
  acting = false;
  button?.classList.remove("is-busy");
  if (ok && body.location) { location.href = body.location; return; }
  if (ok) toast(body.told);
  else if (status) toast(body.problems?.map((one) => one.message).join(" ") || texts.failed, { error: true });
  await refresh();
});
