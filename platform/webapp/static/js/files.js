// Files: uploaded as soon as they are chosen or dropped, with progress; secrets shown on request.
import { refresh, send, texts } from "./net.js";
import { toast } from "./toast.js";

const token = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";
const fileTexts = () => document.getElementById("file-texts")?.dataset ?? {};

// the page has sent them already: only ids go with the form
document.addEventListener("formdata", ({ formData }) => {
  for (const name of [...formData.keys()]) if (name.endsWith(":file")) formData.delete(name);
});

/** Sends one file; tells how much is done. Answers {ok, body}. */
function upload(address, file, name, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(), data = new FormData();
    data.append(name, file, file.name);
    request.open("POST", address);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", token());
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener("loadend", () => {
      let body = {};
      try { body = JSON.parse(request.responseText); } catch { /* said below */ }
      resolve({ ok: request.status >= 200 && request.status < 300, body });
    });
    request.send(data);
  });
}

const said = (body) => (body.problems ?? []).map(({ message }) => message).join(" ") || fileTexts().failed || texts.failed;

/** A file on its way, in the list of a control. */
function entry(file) {
  const one = Object.assign(document.createElement("span"), { className: "file is-busy" });
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  const name = Object.assign(document.createElement("span"), { textContent: file.name });
  bar.setAttribute("aria-label", fileTexts().uploading ?? "");
  one.append(bar, name);
  return one;
}

function settle(one, body) {
  one.classList.remove("is-busy");
  one.dataset.file = body.id;
  const link = Object.assign(document.createElement("a"), { href: body.address, target: "_blank", textContent: body.name });
  const parts = [link, Object.assign(document.createElement("small"), { textContent: body.size })];
  if (body.small) parts.unshift(Object.assign(document.createElement("img"), { src: body.small, alt: "" }));
  const drop = Object.assign(document.createElement("button"), { type: "button", className: "button quiet icon-only small", textContent: "×" });
  drop.dataset.act = "drop-file";
  drop.setAttribute("aria-label", `${fileTexts().remove}: ${body.name}`);
  one.replaceChildren(...parts, drop);
}

function keep(box) {
  const ids = box.querySelector("[data-ids]");
  ids.value = [...box.querySelectorAll("[data-file]")].map(({ dataset }) => dataset.file).join(",");
  ids.dispatchEvent(new Event("input", { bubbles: true }));
}

async function choose(box, files) {
  const many = "multiple" in box.dataset, list = box.querySelector("[data-list]");
  for (const file of many ? files : files.slice(0, 1)) {
    if (file.size > Number(box.dataset.max) * 1024 * 1024) {
      toast((fileTexts().tooLarge ?? "").replace("{n}", box.dataset.max), { error: true });
      continue;
    }
    const one = entry(file);
    list.append(one);
    const { ok, body } = await upload(box.dataset.files, file, "file", (part) => { const bar = one.querySelector("progress"); if (bar) bar.value = part; });
    if (!ok) { one.remove(); toast(said(body), { error: true, stay: 10000 }); continue; }
    if (!many) for (const old of [...list.children]) if (old !== one) old.remove();
    settle(one, body);
    keep(box);
  }
}

async function attach(form, files) {
  form.classList.add("is-busy");
  for (const file of files) {
    const { ok, body } = await upload(form.action, file, "file", () => {});
    if (!ok) toast(said(body), { error: true, stay: 10000 });
  }
  form.classList.remove("is-busy");
  await refresh();
}

function take(target, files) {
  const box = target.closest("[data-files]"), form = target.closest("[data-attach]");
  if (!files.length) return false;
  if (box) choose(box, files); else if (form) attach(form, files); else return false;
  return true;
}

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches?.("input[type=file]")) return;
  if (take(input, [...input.files])) { event.stopPropagation(); input.value = ""; }
}, true);

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const place = event.target.closest?.("[data-files], [data-attach]");
    if (!place || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    place.classList.toggle("is-over", kind === "dragover");
    if (kind === "drop") take(event.target, [...event.dataTransfer.files]);
  });
}

document.addEventListener("click", async (event) => {
  const drop = event.target.closest("[data-act=drop-file]");
  if (drop) {
    const box = drop.closest("[data-files]");
    drop.closest(".file").remove();
    keep(box);
  }
  const button = event.target.closest("[data-reveal]");
  if (button) await reveal(button);
});

/** Shows the value behind a mask; the next click hides it again. */
async function reveal(button) {
  const shown = button.previousElementSibling;
  if (button.dataset.mask) {
    shown.textContent = button.dataset.mask;
    delete button.dataset.mask;
    return;
  }
  const { ok, status, body } = await send(button.dataset.reveal);
  if (!ok) { if (status) toast(said(body), { error: true }); return; }
  button.dataset.mask = shown.textContent;
  shown.textContent = body.value;
}

document.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-detach]")) return;
  event.preventDefault();
  const { ok, body } = await send(event.target.action, new FormData(event.target));
  if (!ok) toast(said(body), { error: true });
  await refresh();
});
