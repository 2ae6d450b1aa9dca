// Single keys, and the list of them. They are off while somebody types, and can be turned off for good.

const STORED = "brevity.keys";
const dialog = document.getElementById("keys");
const toggle = document.getElementById("keys-on");
const handlers = new Map();

function stored() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true; // storage is closed to us: keys work, the choice does not last
  }
}

let on = stored();

function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

/** Runs `handler` when one of `names` is pressed alone; a handler that returns false leaves the key to the browser. */
export function key(names, handler) {
  for (const name of names) handlers.set(name, handler);
}

function show() {
  if (!dialog.open) dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing(event.target) || dialog.open) return;
  const arrow = event.key.startsWith("Arrow") || event.key === "Escape";
  if (!on && !arrow) return;
  const handler = handlers.get(event.key);
  if (handler && handler(event) !== false) event.preventDefault();
});

key(["?"], show);
toggle.checked = on;
toggle.addEventListener("change", () => {
  on = toggle.checked;
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // see above
  }
});

// The account's menu closes as menus do: by Escape, and when somebody goes elsewhere.
const account = document.querySelector(".account");
account?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !account.open) return;
  account.open = false;
  account.querySelector("summary").focus();
});
account?.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !account.contains(event.relatedTarget)) account.open = false;
});
document.addEventListener("click", (event) => {
  if (account && !account.contains(event.target)) account.open = false;
});

for (const button of document.querySelectorAll("[data-keys]")) {
  button.classList.remove("scripted");
  button.addEventListener("click", show);
}
