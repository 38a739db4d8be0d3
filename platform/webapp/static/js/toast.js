// Short messages at the foot of the window, some with a way back.
const box = document.getElementById("toasts");
const kept = "toast";

export function toast(text, { error = false, action = "", act = null, link = null, stay = error ? 8000 : 5000 } = {}) {
  if (!box || !text) return null;
  const line = document.createElement("div");
  line.className = error ? "toast toast-error" : "toast";
  line.appendChild(document.createElement("span")).textContent = text;
  if (link) line.appendChild(Object.assign(document.createElement("a"), { href: link.address, textContent: link.text }));
  if (action) {
    const button = line.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = action;
    button.addEventListener("click", () => { line.remove(); act(); });
  }
  box.append(line);
  let timer = setTimeout(() => line.remove(), stay);
  line.addEventListener("pointerenter", () => clearTimeout(timer));
  line.addEventListener("pointerleave", () => { timer = setTimeout(() => line.remove(), 1500); });
  return line;
}

/** A message for the page that comes next. */
export function toastThere(message) { sessionStorage.setItem(kept, JSON.stringify(message)); }

export function takeToast() {
  const found = sessionStorage.getItem(kept);
  sessionStorage.removeItem(kept);
  return found ? JSON.parse(found) : null;
}
