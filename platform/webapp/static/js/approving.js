// Deciding about a record: approve, reject, withdraw; what speaks against it stands there.
import { clearProblems, note, refresh, send, showProblems } from "./net.js";
import { toast, toastThere } from "./toast.js";

let typed = "";
const comment = () => document.querySelector("[data-decision] textarea");

document.addEventListener("input", (event) => {
  if (event.target === comment()) typed = event.target.value;
});
// a part of the page was drawn anew: what was typed stays
document.addEventListener("refreshed", () => { if (typed && comment()) comment().value = typed; });

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-decision]")) return;
  event.preventDefault();
  const button = event.submitter ?? form.querySelector(".button");
  if (button.classList.contains("is-busy")) return;
  clearProblems(form);
  button.classList.add("is-busy");
  const { ok, status, body } = await send(button.formAction || form.action, new FormData(form));
  button.classList.remove("is-busy");
  if (ok) {
    typed = "";
    if (body.location !== location.pathname) {
      toastThere({ text: body.told });
      location.href = body.location;
      return;
    }
    await refresh();
    document.getElementById("approval")?.focus({ preventScroll: true });
    toast(body.told);
  } else if (status) {
    const { general, first } = showProblems(form, body.problems ?? []);
    form.querySelector("[data-problems]").replaceChildren(...(general.length ? [note("error", "", general)] : []));
    first?.querySelector(".input").focus();
  }
});
