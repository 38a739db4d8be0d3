// A link to a record of any of several objects: first of which, then the record. Without scripts
// the links stand side by side, and the server refuses more than one.
function choose(set, fields, index, clear) {
  fields.forEach((field, at) => {
    field.classList.toggle("is-away", at !== index);
    if (!clear || at === index) return;
    for (const input of field.querySelectorAll("input")) if (!input.name.endsWith(":was")) input.value = "";
  });
  if (clear) fields[index].querySelector("[role=combobox]").dispatchEvent(new Event("change", { bubbles: true }));
}

for (const set of document.querySelectorAll("fieldset[data-any]")) {
  const fields = [...set.querySelectorAll(".field-link")];
  if (fields.length < 2) continue;
  const filled = fields.findIndex((field) => field.querySelector("[role=combobox]")?.value || field.querySelector(".fixed"));
  const box = document.createElement("div");
  box.className = "field any-object";
  const select = document.createElement("select");
  select.className = "input";
  select.setAttribute("aria-label", set.dataset.any);
  for (const field of fields) select.add(new Option(field.querySelector("label").firstChild.textContent.trim()));
  box.append(select);
  fields[0].before(box);
  select.selectedIndex = Math.max(filled, 0);
  set.classList.add("has-chooser");
  choose(set, fields, select.selectedIndex, false);
  select.addEventListener("change", () => choose(set, fields, select.selectedIndex, true));
}
