// Forms: sent in the background, computed along by the server, never lost.
import { besides, showDuplicates } from "./duplicates.js";
import { note, send, showProblems, texts } from "./net.js";
import { toastThere } from "./toast.js";

const form = document.querySelector("[data-form]");
let touched = false, timer = 0, asked = 0, sending = false;

const state = (text) => { form.querySelector("[data-state]").textContent = text; };

export function touch() {
  touched = true;
  state(texts.leave);
  clearTimeout(timer);
  timer = setTimeout(preview, 350);
}

/** The value that the server suggests, unless somebody has typed another one. */
function suggest(name, { text, id }) {
  const control = form.elements[name];
  if (!control || control instanceof RadioNodeList || control === document.activeElement) return;
  let was = form.elements[`${name}:was`];
  const shown = was ? was.value : control.defaultValue ?? "";
  if (control.value !== shown || control.value === text) return;
  if (!was) {
    was = Object.assign(document.createElement("input"), { type: "hidden", name: `${name}:was` });
    control.after(was);
  }
  control.value = was.value = text;
  if (form.elements[`${name}:id`] && id !== undefined) form.elements[`${name}:id`].value = id;
}

/** Shows the fields that have a place in this record; what another one holds is not sent. */
function place(hidden, sections) {
  for (const part of form.querySelectorAll("[data-section], [data-of]")) part.hidden = sections.includes(part.dataset.section ?? part.dataset.of);
  for (const part of form.querySelectorAll(".form-grid > [data-name]")) {
    const away = hidden.includes(part.dataset.name);
    if (part.hidden !== away) part.hidden = away;
    for (const control of part.querySelectorAll("input, select, textarea")) control.disabled = away;
  }
}

/** Leaves out the options that cannot be chosen now; one that is chosen stays, and is told about. */
function offer(unoffered) {
  for (const control of form.querySelectorAll(".form-grid > [data-name] select")) {
    const away = unoffered[control.name] ?? [];
    for (const option of control.options) option.hidden = option.disabled = away.includes(option.value) && !option.selected;
  }
  for (const tick of form.querySelectorAll(".form-grid > [data-name] .tick")) {
    const box = tick.querySelector("input");
    tick.hidden = (unoffered[box.name] ?? []).includes(box.value) && !box.checked;
  }
}

/** Has the server draw the form as it is now: everything that was typed goes there and comes back. */
function drawAnew(more = {}) {
  touched = false;
  form.elements.csrf_token.value = document.querySelector("meta[name=csrf-token]")?.content ?? form.elements.csrf_token.value;
  for (const [name, value] of Object.entries(more)) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  HTMLFormElement.prototype.submit.call(form); // a field may be called "submit"
}

/** A quiet note: the definitions have changed while this form was open. */
function tellChanged({ changed, show }) {
  const place = form.querySelector("[data-changed]");
  if (place.firstElementChild) return;
  const box = note("info", changed, []);
  box.setAttribute("role", "status");
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: show });
  button.addEventListener("click", () => drawAnew({ _again: "1" }));
  box.append(button);
  place.replaceChildren(box);
}

async function preview() {
  const number = ++asked;
  const { ok, body } = await send(form.dataset.preview, new FormData(form));
  if (!ok || number !== asked || sending) return;
  if (body.changed) return tellChanged(body);
  for (const [name, html] of Object.entries(body.shown)) {
    const place = form.querySelector(`[data-shown="${CSS.escape(name)}"]`);
    if (place && place.innerHTML !== html) place.innerHTML = html;
  }
  for (const [name, told] of Object.entries(body.values)) suggest(name, told);
  place(body.hidden, body.sections);
  offer(body.unoffered);
  // what is still empty is not wrong yet: only what was typed is judged while typing, and not
  // half a name for which something is still to be chosen
  const here = document.activeElement, choosing = here?.getAttribute("aria-expanded") === "true" ? here : null;
  const judged = body.problems.filter(({ field, code }) => field && code !== "required" && form.elements[field]?.value && form.elements[field] !== choosing);
  showProblems(form, judged);
  here?.focus?.();
}

async function save(event) {
  event.preventDefault();
  if (sending) return;
  sending = true;
  const button = form.querySelector("[data-save]");
  button.classList.add("is-busy");
  const { ok, status, body } = await send(form.action, new FormData(form, event.submitter));
  sending = false;
  button.classList.remove("is-busy");
  if (ok) {
    touched = false;
    toastThere({ text: texts.saved });
    location.href = body.location;
    return;
  }
  if (!status) return;
  if (body.again) return drawAnew();
  showDuplicates(body.duplicates);
  const box = form.querySelector("[data-problems]");
  const problems = body.problems ? besides(body) : [{ field: "", message: texts.failed }];
  const { general, first } = showProblems(form, problems);
  if (!problems.length) { box.replaceChildren(); form.querySelector("[data-duplicates]").scrollIntoView({ block: "center" }); return; }
  box.replaceChildren(note("error", texts.notSaved.replace("{n}", problems.length), body.stale ? [...general, body.stale] : general));
  (first ?? box).scrollIntoView({ block: "center" });
  first?.querySelector(".input")?.focus({ preventScroll: true });
}

if (form) {
  form.addEventListener("input", touch);
  form.addEventListener("change", touch);
  form.addEventListener("submit", save);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    else if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])") && !event.target.closest("[data-grid]")) event.preventDefault();
  });
  addEventListener("beforeunload", (event) => { if (touched) event.preventDefault(); });
  document.querySelector("[data-cancel]")?.addEventListener("click", () => { touched = false; });
  form.querySelector(".field .input:not([readonly])")?.focus({ preventScroll: true });
}
