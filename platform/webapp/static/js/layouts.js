// Tabs of a record, and finding one's way in a long form.
import { part, texts } from "./net.js";
import { toast } from "./toast.js";

const tabs = document.querySelector("[data-tabs]");

async function show(tab, keep = true) {
  const body = document.querySelector("[data-tab-body]");
  body.setAttribute("aria-busy", "true");
  const html = await part(tab.dataset.part);
  body.removeAttribute("aria-busy");
  if (html === null) { toast(texts.failed, { error: true }); return; }
  body.innerHTML = html;
  if (keep) history.pushState({}, "", tab.href);
  for (const one of tabs.children) {
    one.classList.toggle("is-here", one === tab);
    one === tab ? one.setAttribute("aria-current", "page") : one.removeAttribute("aria-current");
  }
  document.dispatchEvent(new CustomEvent("refreshed"));
}

tabs?.addEventListener("click", (event) => {
  const tab = event.target.closest("a");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(tab);
});
tabs?.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const all = [...tabs.children], at = all.indexOf(document.activeElement);
  if (!step || at < 0) return;
  event.preventDefault();
  const next = all[(at + step + all.length) % all.length];
  next.focus();
  show(next);
});
if (tabs) addEventListener("popstate", () => {
  const name = new URLSearchParams(location.search).get("tab");
  const tab = [...tabs.children].find((one) => new URL(one.href).searchParams.get("tab") === name) ?? tabs.children[0];
  show(tab, false);
});

const nav = document.querySelector("[data-form-nav]");
const find = nav?.querySelector("[data-find-field]");
const form = document.querySelector("[data-form]");

function look() {
  const words = find.value.trim().toLowerCase();
  let first = null;
  for (const field of form.querySelectorAll(".form-grid > [data-name]")) {
    const label = field.querySelector("label, .field-label, h3")?.textContent.toLowerCase() ?? "";
    const found = words !== "" && label.includes(words) && !field.hidden;
    field.classList.toggle("is-found", found);
    if (found) first ??= field;
  }
  if (!first) return null;
  first.closest("details")?.setAttribute("open", "");
  first.scrollIntoView({ block: "center" });
  return first;
}

find?.addEventListener("input", (event) => { event.stopPropagation(); look(); });
find?.addEventListener("change", (event) => event.stopPropagation());
find?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" && event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  const found = event.key === "Enter" ? look() : null;
  find.value = "";
  form.querySelectorAll(".is-found").forEach((one) => one.classList.remove("is-found"));
  found ? found.querySelector(".input, input:not([type=hidden])")?.focus() : find.blur();
});
// in a long form "/" looks for a field, not through the whole company
document.addEventListener("keydown", (event) => {
  if (!find || event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  find.focus();
}, true);
// what is wrong is never hidden in a folded section
if (form) new MutationObserver(() => {
  form.querySelectorAll("details.fold:not([open]):has(.has-problem)").forEach((one) => one.setAttribute("open", ""));
}).observe(form, { attributes: true, attributeFilter: ["class"], subtree: true });
