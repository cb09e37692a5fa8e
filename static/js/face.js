// Title and icon of the tab: the worst state, and never a calm face on a page that hears nothing.

import { byId } from "./memory.js";

const DOWN = new Set(["corrupt", "failed", "lost"]);
const SILENT = new Set(["late", "stale"]);
const icon = byId("favicon");

let told = document.title; // as the server said it
let mark = "";

// After htmx has taken the title of an answer.
export function heard() {
  told = document.title.startsWith(mark) ? document.title.slice(mark.length) : document.title;
}

export function wear(region, mode, paused) {
  const silent = SILENT.has(mode);
  mark = paused ? "Paused · " : silent ? "Not updating · " : "";
  if (document.title !== mark + told) document.title = mark + told;
  const address = icon.dataset[silent ? "unsure" : look(region)];
  if (icon.getAttribute("href") !== address) icon.setAttribute("href", address);
}

function look(region) {
  const worst = region.querySelector("[data-worst]")?.dataset.worst;
  if (DOWN.has(worst)) return "down";
  return worst === "unknown" ? "unsure" : "well";
}
