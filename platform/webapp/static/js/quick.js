// A new record in a small dialog: from the menu of new records, a list, or a link that names one.
import { besides, watchDialog } from "./duplicates.js";
import { carryOver, note, part, refresh, send, showProblems, texts } from "./net.js";
import { toast, toastThere } from "./toast.js";

const KEPT = "quick-kept";

/** Opens the dialog at `address`; resolves to {id, title} of what was made, or null. */
export async function quick(address) {
  const html = await part(address);
  if (html === null) { toast(texts.failed, { error: true }); return null; }
  const holder = document.createElement("div");
  holder.innerHTML = html;
  const dialog = holder.querySelector("dialog");
  if (!dialog) { location.href = address.replace("/quick", "/new"); return null; }
  document.body.append(dialog);
  dialog.showModal();
  const first = [...dialog.querySelectorAll(".quick-grid .input")];
  (first.find((one) => !one.value) ?? first[0])?.focus();
  const form = dialog.querySelector("form");
  const showDuplicates = watchDialog(form);
  return new Promise((resolve) => {
    let made = null;
    dialog.addEventListener("close", () => { dialog.remove(); resolve(made); });
    dialog.querySelector("[data-full-form]").addEventListener("click", () => {
      const typed = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && value !== "");
      sessionStorage.setItem(KEPT, JSON.stringify({ path: form.dataset.full, typed }));
      location.href = form.dataset.full;
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector(".primary");
      button.classList.add("is-busy");
      const { ok, status, body } = await send(form.action, new FormData(form, event.submitter));
      button.classList.remove("is-busy");
      if (ok) { made = { location: body.location, id: body.location.split("/").pop(), title: body.title ?? "" }; dialog.close(); return; }
      if (!status) return;
      carryOver(form, body);
      showDuplicates(body.duplicates);
      const { general, first: wrong } = showProblems(dialog, body.problems ? besides(body) : [{ field: "", message: texts.failed }]);
      if (body.duplicates) dialog.querySelector("[data-duplicates-panel]").scrollIntoView({ block: "nearest" });
      dialog.querySelector("[data-problems]").replaceChildren(...(general.length ? [note("error", "", general)] : []));
      wrong?.querySelector(".input")?.focus();
    });
  });
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-quick-new]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.closest("details")?.removeAttribute("open");
  const made = await quick(link.dataset.quickNew);
  if (!made) return;
  if (link.hasAttribute("data-stay")) { await refresh(); toast(texts.saved); return; }
  toastThere({ text: texts.saved });
  location.href = made.location;
});

// what was typed into the dialog goes on in the full form
const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
const full = document.querySelector("[data-form]");
if (kept && full && location.pathname === kept.path) {
  sessionStorage.removeItem(KEPT);
  for (const [name, value] of kept.typed) {
    const control = full.elements[name];
    if (!control || name.endsWith(":was")) continue;
    if (control instanceof RadioNodeList || control.type === "checkbox") {
      for (const one of control instanceof RadioNodeList ? control : [control]) if (one.value === value) one.checked = true;
    } else control.value = value;
  }
  full.dispatchEvent(new Event("change", { bubbles: true }));
}
