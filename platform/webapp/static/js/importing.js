// Import: a file can be dropped, its name is shown, and each field is chosen once.
import { texts } from "./net.js";
import { toast } from "./toast.js";

const drop = document.querySelector("[data-drop]");
if (drop) {
  const input = drop.querySelector("input");
  const named = () => { if (input.files[0]) drop.querySelector("[data-file-name]").textContent = input.files[0].name; drop.classList.toggle("has-file", input.files.length > 0); };
  input.addEventListener("change", named);
  for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; named(); }
  });
  drop.closest("form").addEventListener("submit", (event) => {
    if (!navigator.onLine) { event.preventDefault(); toast(texts.failed, { error: true }); return; }
    event.submitter?.classList.add("is-busy");
  });
  addEventListener("pageshow", () => document.querySelectorAll(".is-busy").forEach((one) => one.classList.remove("is-busy")));
}

const columns = document.querySelector("[data-columns]");
function check() {
  const chosen = [...columns.querySelectorAll("select")].map((one) => one.value.split(".")[0]);
  columns.querySelectorAll("tbody tr").forEach((row, at) => {
    const twice = chosen[at] && chosen.indexOf(chosen[at]) !== at;
    row.querySelector("select").setAttribute("aria-invalid", String(Boolean(twice)));
    row.classList.toggle("is-left-out", !chosen[at]);
    const tick = row.querySelector("input[type=checkbox]");
    tick.disabled = !chosen[at];
    if (!chosen[at]) tick.checked = false;
  });
}
if (columns) {
  columns.addEventListener("change", check);
  columns.addEventListener("submit", (event) => event.submitter?.classList.add("is-busy"));
  check();
}
document.querySelector("[data-mapping] select")?.addEventListener("change", (event) => {
  location.href = `${event.target.dataset.address}&mapping=${encodeURIComponent(event.target.value)}`;
});
