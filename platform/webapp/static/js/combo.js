// Choosing a linked record by typing: a list below the control, by mouse or keys.
import { json, texts } from "./net.js";
import { quick } from "./quick.js";

let list = null, combo = null, chosen = -1, items = [], stopper = null, timer = 0;

const close = () => {
  list?.remove();
  combo?.querySelector("[role=combobox]").setAttribute("aria-expanded", "false");
  list = combo = null;
  chosen = -1;
};

function place(input) {
  const box = input.getBoundingClientRect();
  const below = innerHeight - box.bottom > 220 || box.top < 220;
  list.style.left = `${box.left}px`;
  list.style.minWidth = `${Math.max(box.width, 240)}px`;
  list.style.maxWidth = `${Math.min(520, innerWidth - box.left - 8)}px`;
  below ? (list.style.top = `${box.bottom + 4}px`) : (list.style.bottom = `${innerHeight - box.top + 4}px`);
}

/** What a field of the same record holds in the form (of links the id); undefined where it is not there. */
function valueBeside(input, name) {
  const prefix = input.name.includes(".") ? input.name.replace(/[^.]*$/, "") : "";
  const fields = input.form.elements;
  return (fields[`${prefix}${name}:id`] ?? fields[`${prefix}${name}`])?.value;
}

async function look(input) {
  const around = input.closest("[data-combo]");
  stopper?.abort();
  stopper = new AbortController();
  const query = new URLSearchParams({ q: input.dataset.typed ? input.value.trim() : "", for: around.dataset.field ?? "" });
  for (const name of around.dataset.needs?.split(" ") ?? []) {
    const beside = valueBeside(input, name);
    if (beside !== undefined) query.set(`of.${name}`, beside);
    else if (!input.name.includes(".")) query.set("record", input.form.dataset.own ?? "");
  }
  const found = await json(`${around.dataset.combo}?${query}`, stopper.signal).catch(() => null);
  if (!found || document.activeElement !== input) return;
  close();
  combo = around;
  items = found.items;
  list = document.createElement("div");
  list.className = "options";
  list.setAttribute("role", "listbox");
  items.forEach((item, index) => {
    const row = list.appendChild(document.createElement("div"));
    row.setAttribute("role", "option");
    row.appendChild(document.createElement("span")).textContent = item.title;
    row.appendChild(document.createElement("small")).textContent = item.hint;
    row.addEventListener("pointerdown", (event) => { event.preventDefault(); take(input, index); });
  });
  if (!items.length) list.appendChild(document.createElement("p")).textContent = texts.nothing;
  if (found.quick && !around.dataset.many) offerNew(input, found.quick);
  (input.closest("dialog") ?? document.body).append(list);
  place(input);
  input.setAttribute("aria-expanded", "true");
  mark(input.dataset.typed && found.items.length ? 0 : -1);
}

/** The last line of the list: a new record by what was typed, made in the small dialog. */
function offerNew(input, address) {
  const typed = input.dataset.typed ? input.value.trim() : "", row = list.appendChild(document.createElement("div"));
  row.className = "options-new";
  row.setAttribute("role", "option");
  row.textContent = typed ? texts.createNamed.replace("{name}", typed) : texts.createOne;
  row.addEventListener("pointerdown", (event) => { event.preventDefault(); makeNew(input, address, typed); });
  items = [...items, { make: () => makeNew(input, address, typed) }];
}

async function makeNew(input, address, typed) {
  const around = input.closest("[data-combo]");
  close();
  const query = new URLSearchParams({ _named: typed });
  for (const name of around.dataset.needs?.split(" ") ?? []) {
    const beside = valueBeside(input, name);
    if (beside) query.set(name, beside);
  }
  const made = await quick(`${address}?${query}`);
  input.focus();
  if (!made) return;
  input.value = made.title || typed;
  around.querySelector("input[type=hidden]").value = made.id;
  delete input.dataset.typed;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function mark(index) {
  chosen = index;
  [...list.querySelectorAll("[role=option]")].forEach((row, at) => {
    row.setAttribute("aria-selected", String(at === index));
    if (at === index) row.scrollIntoView({ block: "nearest" });
  });
}

function take(input, index) {
  const item = items[index], around = input.closest("[data-combo]");
  if (item.make) { item.make(); return; }
  if (around.dataset.many) {
    const there = around.querySelector(`.combo-picked [value="${item.id}"]`);
    if (there) there.checked = true;
    const label = document.createElement("label");
    label.className = "tick";
    const box = label.appendChild(Object.assign(document.createElement("input"), { type: "checkbox", checked: true }));
    box.name = around.dataset.many;
    box.value = item.id;
    label.appendChild(document.createElement("span")).textContent = item.title;
    if (!there) around.querySelector(".combo-picked").append(label);
    input.value = "";
  } else {
    input.value = item.title;
    around.querySelector("input[type=hidden]").value = item.id;
  }
  delete input.dataset.typed;
  close();
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  const input = event.target.closest?.("[data-combo] [role=combobox]");
  if (!input) return;
  input.dataset.typed = "1";
  const id = input.closest("[data-combo]").querySelector("input[type=hidden]");
  if (id) id.value = "";
  clearTimeout(timer);
  timer = setTimeout(() => look(input), 140);
});
document.addEventListener("focusin", (event) => {
  const input = event.target.closest?.("[data-combo] [role=combobox]");
  if (!input || input.closest("[data-combo]") !== combo) close();
});
document.addEventListener("click", (event) => {
  const input = event.target.closest?.("[data-combo] [role=combobox]");
  if (input && !list) look(input);
});
document.addEventListener("focusout", () => setTimeout(() => {
  if (list && !document.activeElement?.closest("[data-combo]")) close();
}, 120));
document.addEventListener("keydown", (event) => {
  const input = event.target.closest?.("[data-combo] [role=combobox]");
  if (!input || event.isComposing) return;
  if (!list) {
    if (event.key === "ArrowDown" && (event.altKey || !input.closest("[data-grid]"))) { event.preventDefault(); look(input); }
    return;
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (items.length) mark((chosen + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length);
  } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
    if (event.key === "Enter") { event.preventDefault(); event.stopImmediatePropagation(); }
    take(input, chosen);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopImmediatePropagation();
    close();
  }
}, true);
addEventListener("scroll", (event) => { if (list && !list.contains(event.target)) close(); }, true);
addEventListener("resize", close);
