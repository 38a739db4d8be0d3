// Groups of a list: opened and closed in place, their rows fetched when they are first seen.
import { part } from "./net.js";

document.addEventListener("click", async (event) => {
  const more = event.target.closest?.("[data-more-rows]");
  if (more) {
    const html = await part(more.dataset.moreRows);
    if (html !== null) more.closest("tr").outerHTML = html;
    return;
  }
  const link = event.target.closest?.("[data-group]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const head = link.closest("tbody"), body = head.nextElementSibling;
  const opens = body.hidden;
  if (opens && !body.querySelector("tr")) {
    const html = await part(link.dataset.group);
    if (html === null) { location.href = link.href; return; }
    body.innerHTML = html;
  }
  body.hidden = !opens;
  head.classList.toggle("is-open", opens);
  link.setAttribute("aria-expanded", String(opens));
});
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("[data-group]")) { event.preventDefault(); event.target.click(); }
});
