// Requests to our own addresses, and parts of a page drawn anew.
import { toast } from "./toast.js";

export const texts = document.getElementById("texts")?.dataset ?? {};
const meta = document.querySelector("meta[name=csrf-token]");

const post = (address, data) => {
  data.set("csrf_token", meta?.content ?? "");
  return fetch(address, {
    method: "POST", body: new URLSearchParams(data), credentials: "same-origin",
    headers: { Accept: "application/json", "X-CSRFToken": meta?.content ?? "" },
  });
};

/** A new token: the one of the page ends with the session, and somebody may have signed in again. */
async function renew() {
  const text = await part("/styleguide");
  const fresh = text && new DOMParser().parseFromString(text, "text/html").querySelector("meta[name=csrf-token]");
  if (fresh) meta.content = fresh.content;
  return Boolean(fresh);
}

/** Sends a form; answers {ok, status, body}. Where nobody answers, says so and gives status 0. */
export async function send(address, data = new FormData()) {
  try {
    let answer = await post(address, data);
    const code = answer.status === 400 ? (await answer.clone().json().catch(() => ({}))).code : "";
    const renewed = code === "csrf-token" && await renew();
    if (renewed) answer = await post(address, data);
    if (answer.status === 401 || (code === "csrf-token" && !renewed)) {
      toast(texts.signedOut, { error: true, stay: 20000 });
      return { ok: false, status: 0, body: {} };
    }
    return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => ({})) };
  } catch {
    toast(texts.failed, { error: true });
    return { ok: false, status: 0, body: {} };
  }
}

/** A part of a screen as HTML, or null. */
export async function part(address) {
  try {
    const answer = await fetch(address, { credentials: "same-origin", headers: { "X-Part": "1" } });
    return answer.ok ? await answer.text() : null;
  } catch {
    toast(texts.failed, { error: true });
    return null;
  }
}

export async function json(address, signal) {
  const answer = await fetch(address, { credentials: "same-origin", signal, headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : { items: [] };
}

/** Draws the live parts of this page anew, each by its id; the rest stays as it is. */
export async function refresh() {
  const text = await part(location.href);
  if (text === null) return;
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const other = fresh.getElementById(old.getAttribute("id")); // of a form `id` may be a control
    if (other) old.replaceWith(document.importNode(other, true));
  }
  document.title = fresh.title;
  document.dispatchEvent(new CustomEvent("refreshed"));
}

/** The sentences of a refusal that are about no control of `form`; those that are stand beside it. */
export function showProblems(form, problems) {
  clearProblems(form);
  const general = [];
  let first = null;
  for (const { field, message } of problems) {
    const place = field ? form.querySelector(`[data-name="${CSS.escape(field)}"]`) : null;
    const note = place?.querySelector(".field-note, .grid-head");
    if (!note) { general.push(message); continue; }
    place.classList.add("has-problem");
    place.querySelector(".input")?.setAttribute("aria-invalid", "true");
    const line = document.createElement("p");
    line.className = "problem";
    line.textContent = message;
    note.classList.contains("grid-head") ? note.append(line) : note.prepend(line);
    first ??= place;
  }
  return { general, first };
}

/** A form opened before the definitions changed: its controls take their present names. What has
 *  no place any more is told in the answer, and not sent again. */
export function carryOver(form, { names = {}, mark }) {
  if (!mark) return;
  for (const [old, name] of Object.entries(names)) {
    for (const control of form.querySelectorAll(`[name="${CSS.escape(old)}"]`)) name ? (control.name = name) : (control.disabled = true);
    if (name) for (const place of form.querySelectorAll(`[data-name="${CSS.escape(old)}"]`)) place.dataset.name = name;
  }
  form.elements._made_for.value = mark;
}

export function clearProblems(form) {
  form.querySelectorAll(".problem").forEach((one) => one.remove());
  form.querySelectorAll(".has-problem").forEach((one) => one.classList.remove("has-problem"));
  form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
}

/** A note with a title and sentences. */
export function note(kind, title, sentences) {
  const box = document.createElement("div");
  box.className = `note note-${kind}`;
  box.setAttribute("role", "alert");
  const inner = box.appendChild(document.createElement("div"));
  if (title) inner.appendChild(document.createElement("strong")).textContent = title;
  for (const sentence of sentences) inner.appendChild(document.createElement("p")).textContent = sentence;
  return box;
}
