// Lines as a spreadsheet: arrows, Tab, Enter, and pasting a block from one.
import { touch } from "./form.js";

const cells = (row) => [...row.querySelectorAll("td[data-name] .input")];
const rows = (grid) => [...grid.querySelectorAll("tbody tr[data-line]")];
let fresh = 0;

function addLine(grid) {
  const blank = document.querySelector(`template[data-blank="${CSS.escape(grid.dataset.grid)}"]`);
  const row = blank.content.firstElementChild.cloneNode(true);
  const index = `n${Date.now().toString(36)}${fresh++}`;
  row.dataset.line = index;
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["name", "id", "data-name", "data-many", "data-shown", "aria-describedby"]) {
      const value = element.getAttribute(name);
      if (value?.includes(".NEW.")) element.setAttribute(name, value.replace(".NEW.", `.${index}.`));
    }
    if (element.name === `${grid.dataset.grid}:lines`) element.value = index;
  }
  grid.tBodies[0].append(row);
  return row;
}

function goTo(grid, line, column) {
  let all = rows(grid);
  while (line >= all.length) { addLine(grid); all = rows(grid); }
  const cell = cells(all[Math.max(line, 0)])[column];
  cell?.focus();
  if (cell?.select && cell.type !== "date") cell.select();
}

function place(input) {
  const grid = input.closest("[data-grid]"), row = input.closest("tr");
  return { grid, line: rows(grid).indexOf(row), column: cells(row).indexOf(input), width: cells(row).length };
}

const atStart = (input) => input.selectionStart === null || (input.selectionStart === 0 && (input.selectionEnd === 0 || input.selectionEnd === input.value.length));
const atEnd = (input) => input.selectionEnd === null || input.selectionEnd === input.value.length;

document.addEventListener("keydown", (event) => {
  const input = event.target.closest?.("[data-grid] .input");
  if (!input || event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const { grid, line, column, width } = place(input);
  const text = !input.matches("select, [type=date], [type=datetime-local]");
  const many = input.matches("textarea") && input.value.includes("\n");
  const go = (l, c) => { event.preventDefault(); goTo(grid, l, c); };
  if (event.key === "Enter" && !event.shiftKey) go(line + 1, 0 + column);
  else if (event.key === "ArrowDown" && text && !many) go(Math.min(line + 1, rows(grid).length - 1), column);
  else if (event.key === "ArrowUp" && text && !many) { if (line > 0) go(line - 1, column); }
  else if (event.key === "ArrowLeft" && text && atStart(input) && column > 0) go(line, column - 1);
  else if (event.key === "ArrowRight" && text && atEnd(input) && column < width - 1) go(line, column + 1);
  else if (event.key === "Tab" && !event.shiftKey && column === width - 1 && line === rows(grid).length - 1 && input.closest("tr").querySelector("input:not([type=hidden])")?.value) go(line + 1, 0);
});

document.addEventListener("paste", (event) => {
  const input = event.target.closest?.("[data-grid] .input");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!input || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const { grid, line, column } = place(input);
  text.replace(/\r/g, "").replace(/\n$/, "").split("\n").slice(0, 200).forEach((row, down) => {
    while (line + down >= rows(grid).length) addLine(grid);
    const targets = cells(rows(grid)[line + down]);
    row.split("\t").forEach((value, right) => enter(targets[column + right], value.trim()));
  });
  touch();
});

function enter(control, value) {
  if (!control) return;
  if (control.matches("select")) {
    const option = [...control.options].find((one) => one.value === value || one.textContent.trim() === value);
    if (option) control.value = option.value;
  } else if (control.type === "date") {
    const match = value.match(/^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/);
    if (match) control.value = `${match[1]}-${match[2].padStart(2, "0")}-${match[3].padStart(2, "0")}`;
  } else {
    control.value = control.closest(".with-unit, td")?.matches?.(".with-unit, .line-number, .line-integer") ? value.replace(/[¥￥$€£\s]/g, "") : value;
    const id = control.closest("[data-combo]")?.querySelector("input[type=hidden]");
    if (id) id.value = "";
  }
}

document.addEventListener("click", (event) => {
  const adder = event.target.closest('[data-act="add-line"]');
  if (adder) {
    const grid = document.querySelector(`[data-grid="${CSS.escape(adder.dataset.gridName)}"]`);
    cells(addLine(grid))[0]?.focus();
  }
  const dropper = event.target.closest('[data-act="drop-line"]');
  if (dropper) {
    const row = dropper.closest("tr"), grid = row.closest("[data-grid]");
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next ? cells(next)[0] : grid.parentElement.parentElement.querySelector('[data-act="add-line"]'))?.focus();
    touch();
  }
});
