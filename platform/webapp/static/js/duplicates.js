// Possible duplicates: looked for while somebody types what rules match, shown in a quiet panel.
import { send } from "./net.js";

const form = document.querySelector("[data-form]");
const box = form?.querySelector("[data-duplicates]");
let timer = 0, asked = 0;

/** Shows the panel that came with a refusal, or takes the old one away. */
export function showDuplicates(html = "") {
  asked += 1;
  if (box) box.innerHTML = html;
}

async function look() {
  const number = ++asked;
  const { ok, body } = await send(box.dataset.duplicates, new FormData(form));
  if (ok && number === asked) box.innerHTML = body.html;
}

if (box) {
  const matched = new Set(box.dataset.matched.split(" "));
  form.addEventListener("input", ({ target }) => {
    if (!matched.has(target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(look, 500);
  });
}
