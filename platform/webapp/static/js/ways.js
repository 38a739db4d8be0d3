// Taking a transition: what it asks for comes in a dialog, what speaks against it stands there.
import { besides, showPanel } from "./duplicates.js";
import { carryOver, note, part, send, showProblems, texts } from "./net.js";
import { toast } from "./toast.js";

/** Asks for what the transition needs; resolves to whether it was taken. */
export async function askWay(address, problems = []) {
  const html = await part(`${address}?part=1`);
  if (html === null) { toast(texts.failed, { error: true }); return false; }
  const holder = document.createElement("div");
  holder.innerHTML = html;
  const dialog = holder.querySelector("dialog");
  document.body.append(dialog);
  dialog.showModal();
  showIn(dialog, { problems });
  dialog.querySelector(".has-problem .input, .dialog-body .input")?.focus();
  return new Promise((resolve) => {
    let taken = false;
    dialog.addEventListener("close", () => { dialog.remove(); resolve(taken); });
    dialog.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const form = event.target, button = form.querySelector(".primary");
      button.classList.add("is-busy");
      const { ok, status, body } = await send(form.action, new FormData(form, event.submitter));
      button.classList.remove("is-busy");
      if (ok) { taken = true; dialog.close(); return; }
      if (!status) return;
      carryOver(form, body);
      showPanel(form, body.duplicates);
      showIn(dialog, { ...body, problems: besides(body) });
    });
  });
}

/** Everything that speaks against it: beside the controls, and what is about none of them above. */
function showIn(dialog, { problems = [], stale = "" }) {
  const { general } = showProblems(dialog, problems);
  const told = stale ? [...general, stale] : general;
  dialog.querySelector("[data-problems]").replaceChildren(...(told.length ? [note("error", "", told)] : []));
}

/** Takes a transition; where fields are missing, asks for them. Resolves to whether it was taken. */
export async function takeWay(address, version) {
  const data = new FormData();
  data.set("version", version);
  const { ok, status, body } = await send(address, data);
  if (ok) return true;
  if (!status) return false;
  const problems = body.problems ?? [];
  if (problems.some((one) => one.code === "transition-requires" || one.code === "required")) return askWay(address, problems);
  toast(problems.map((one) => one.message).join(" ") + (body.stale ? ` ${body.stale}` : "") || texts.failed, { error: true });
  return false;
}
