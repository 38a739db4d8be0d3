// Possible duplicates: looked for while somebody types what rules match, shown in a quiet panel.
import { send } from "./net.js";

const form = document.querySelector("[data-form]");
const box = form?.querySelector("[data-duplicates]");

/** Looks for duplicates of what is typed into `form`; returns what shows another panel instead. */
function watch(form, box, address, matched) {
  const names = new Set(matched.split(" "));
  let timer = 0, asked = 0;
  form.addEventListener("input", ({ target }) => {
    if (!names.has(target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const number = ++asked;
      const { ok, body } = await send(address, new FormData(form));
      if (ok && number === asked) box.innerHTML = body.html;
    }, 500);
  });
  return (html = "") => { clearTimeout(timer); asked += 1; box.innerHTML = html; };
}

const shown = box ? watch(form, box, box.dataset.duplicates, box.dataset.matched) : () => {};

/** Shows the panel that came with a refusal, or takes the old one away. */
export function showDuplicates(html = "") { shown(html); }

/** Looks for duplicates in a dialog, where its object has rules. */
export function watchDialog(form) {
  const panel = form.querySelector("[data-duplicates-panel]");
  if (!panel?.dataset.look) return (html = "") => showPanel(form, html);
  return watch(form, panel, panel.dataset.look, panel.dataset.matched);
}

/** Puts the panel of a refusal into a small form; its button sends the form with a confirmation. */
export function showPanel(form, html = "") {
  let panel = form.querySelector("[data-duplicates-panel]");
  if (!panel && html) {
    panel = Object.assign(document.createElement("div"), { className: "duplicates-here" });
    panel.dataset.duplicatesPanel = "";
    form.append(panel);
  }
  if (panel) panel.innerHTML = html;
}

/** The problems that the panel of a refusal does not tell already. */
export function besides(body) {
  const problems = body.problems ?? [];
  return body.duplicates ? problems.filter((one) => one.code !== "possible-duplicate") : problems;
}
