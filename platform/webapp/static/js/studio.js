// The studio's editor: line numbers, problems at their lines as one types, a save that loses nothing.
import { note, send, texts } from "./net.js";
import { toast } from "./toast.js";

const form = document.querySelector("[data-editor]");
const CHECK_AFTER = 500;

function editor() {
  const code = form.querySelector("[data-code]"), gutter = form.querySelector("[data-gutter]");
  const state = form.querySelector("[data-state]"), list = form.querySelector("[data-problems]");
  const version = form.elements.namedItem("version"), place = form.querySelector("[data-note]");
  const words = form.dataset, icon = form.querySelector("template[data-icon]").content.firstElementChild;
  let kept = code.value, checking = null, asked = 0, leaving = false, saving = false;

  const dirty = () => code.value !== kept;
  const badLines = () => new Set([...list.querySelectorAll("[data-to]")].map((one) => Number(one.dataset.to)));

  function numbers() {
    const bad = badLines(), count = code.value.split("\n").length;
    gutter.replaceChildren(...Array.from({ length: count }, (_, at) => {
      const line = document.createElement("span");
      line.textContent = at + 1;
      if (bad.has(at + 1)) line.className = "is-bad";
      return line;
    }));
    gutter.scrollTop = code.scrollTop;
  }

  /** The line with the cursor in it, at the column. */
  function go(line, column = 1) {
    const lines = code.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    const at = Math.min(start + Math.max(0, column - 1), code.value.length);
    code.focus();
    code.setSelectionRange(at, at);
    code.scrollTop = Math.max(0, (line - 6) * 21);
  }

  function told() {
    const count = list.children.length;
    state.textContent = [dirty() ? words.unsaved : "", count ? words.found.replace("{number}", count) : words.clean].filter(Boolean).join(" · ");
    state.classList.toggle("is-bad", count > 0);
    state.classList.toggle("is-good", !count && !dirty());
  }

  function show(problems) {
    const line = form.querySelector("[data-line-text]").innerHTML;
    list.replaceChildren(...problems.map((one) => {
      const row = document.createElement("li");
      row.append(icon.cloneNode(true));
      row.appendChild(document.createElement("span")).textContent = one.text;
      if (one.here) {
        const button = row.appendChild(document.createElement("button"));
        button.type = "button";
        button.className = "link";
        Object.assign(button.dataset, { to: one.line, column: one.column });
        button.textContent = line.replace("{number}", one.line);
      } else if (one.place) {
        const where = row.appendChild(document.createElement(one.address ? "a" : "code"));
        where.textContent = one.place;
        if (one.address) { where.href = one.address; where.className = "link"; }
      }
      return row;
    }));
    numbers();
    told();
  }

  async function check() {
    const mine = ++asked, data = new FormData();
    data.set("text", code.value);
    const { ok, body } = await send(words.check, data);
    if (ok && mine === asked) show(body.problems);
  }

  function changed() {
    numbers();
    told();
    clearTimeout(checking);
    checking = setTimeout(check, CHECK_AFTER);
  }

  /** Somebody else has saved: what was typed stays, theirs can be taken or overwritten. */
  function stale(other) {
    const box = note("warning", words.stale, [[other.who, other.when].filter(Boolean).join(" · "), words.staleText].filter(Boolean));
    const inside = box.firstElementChild;
    const details = inside.appendChild(document.createElement("details"));
    details.open = true;
    details.appendChild(document.createElement("summary")).textContent = words.theirs;
    const text = details.appendChild(document.createElement("pre"));
    text.className = "studio-pre";
    text.textContent = other.text;
    const acts = inside.appendChild(document.createElement("p"));
    acts.className = "studio-acts";
    for (const [label, take] of [[words.keep, false], [words.take, true]]) {
      const button = acts.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "button small";
      button.textContent = label;
      button.addEventListener("click", () => {
        version.value = other.version;
        if (take) { code.value = other.text; kept = other.text; }
        place.replaceChildren();
        changed();
        code.focus();
      });
    }
    place.replaceChildren(box);
    box.scrollIntoView({ block: "nearest" });
  }

  async function act(what, button) {
    if (saving) return;
    saving = true;
    button?.classList.add("is-busy");
    const sent = code.value, data = new FormData();
    data.set("do", what);
    data.set("version", version.value);
    data.set("text", sent);
    const { ok, status, body } = await send(form.getAttribute("action"), data);
    saving = false;
    button?.classList.remove("is-busy");
    if (ok && body.location) { leaving = true; location.href = body.location; return; }
    if (ok) {
      kept = sent;
      version.value = body.version;
      place.replaceChildren();
      const chip = document.querySelector("[data-drafted]");
      if (chip) chip.hidden = !body.drafted;
      form.querySelector("[value=discard]").hidden = !body.drafted;
      form.querySelector("[value=remove]").hidden = body.drafted;
      if (code.value === sent) show(body.problems);
      told();
      toast(body.told);
    } else if (body.stale) stale(body.stale);
    else if (status) {
      place.replaceChildren(note("error", texts.notSaved, body.problems?.map((one) => one.text) ?? [texts.failed]));
      const at = body.problems?.find((one) => one.here);
      if (at) go(at.line, at.column);
    }
  }

  /** Whether it was asked for twice: what is given up cannot be brought back. */
  function sure(button) {
    const label = button.querySelector("span"), said = label.textContent;
    if (button.classList.contains("danger")) return true;
    button.classList.add("danger");
    label.textContent = button.dataset.sure;
    setTimeout(() => { button.classList.remove("danger"); label.textContent = said; }, 4000);
    return false;
  }

  function put(text, from = code.selectionStart, to = code.selectionEnd) {
    code.setSelectionRange(from, to);
    // keeps the browser's own undo, where it can
    if (!document.execCommand("insertText", false, text)) { code.setRangeText(text, from, to, "end"); changed(); }
  }

  let free = false; // after Esc, Tab leaves the field
  code.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { free = true; return; }
    if (event.key === "Tab" && !free && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      const start = code.value.lastIndexOf("\n", code.selectionStart - 1) + 1, end = code.selectionEnd;
      if (!event.shiftKey && code.selectionStart === end) put("  ");
      else {
        const lines = code.value.slice(start, end).split("\n");
        const moved = lines.map((line) => (event.shiftKey ? line.replace(/^ {1,2}/, "") : line && `  ${line}`)).join("\n");
        put(moved, start, end);
        code.setSelectionRange(start, start + moved.length);
      }
    } else if (event.key === "Enter" && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const line = code.value.slice(code.value.lastIndexOf("\n", code.selectionStart - 1) + 1, code.selectionStart);
      const indent = /^ */.exec(line)[0];
      put(`\n${indent}${/:\s*$/.test(line) ? "  " : ""}`);
    }
    if (event.key !== "Escape" && event.key !== "Shift") free = false;
  });
  code.addEventListener("input", changed);
  code.addEventListener("scroll", () => { gutter.scrollTop = code.scrollTop; });
  list.addEventListener("click", (event) => {
    const to = event.target.closest("[data-to]");
    if (to) go(Number(to.dataset.to), Number(to.dataset.column));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter?.dataset.sure && !sure(event.submitter)) return;
    act(event.submitter?.value ?? "save", event.submitter);
  });
  addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      act("save", form.querySelector("[data-save]"));
    }
  });
  addEventListener("beforeunload", (event) => { if (dirty() && !leaving) event.preventDefault(); });

  numbers();
  told();
  const line = Number(words.line);
  if (line) go(line);
  else if (matchMedia("(min-width: 761px)").matches) { code.focus({ preventScroll: true }); code.setSelectionRange(code.value.length, code.value.length); }
}
if (form) editor();

document.querySelector("[data-publish]")?.addEventListener("submit", (event) => event.submitter?.classList.add("is-busy"));
addEventListener("pageshow", () => document.querySelectorAll("[data-publish] .is-busy").forEach((one) => one.classList.remove("is-busy")));
