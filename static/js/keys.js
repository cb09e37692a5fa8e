// Single keys: r, p and ?. Never while somebody types, and they can be turned off (WCAG 2.1.4).

import { open } from "./dialog.js";
import { byId, keep, recall } from "./memory.js";

const TYPING = "input, textarea, select, [contenteditable]";
let acts = {};

// `wanted`: what each key does, besides `?`.
export function listen(wanted) {
  acts = { ...wanted, "?": help };
  byId("keys").hidden = false;
  byId("keys").addEventListener("click", help);
}

function help() {
  const box = open("dialog-keys").querySelector("#keys-on");
  box.checked = recall("keys") !== "off";
  box.addEventListener("change", () => keep("keys", box.checked ? "on" : "off"));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (byId("dialog").open || event.target.closest?.(TYPING) || recall("keys") === "off") return;
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
