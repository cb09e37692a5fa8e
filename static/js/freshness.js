// How fresh the page is, in its header and its banner. Three ages are never mixed: of this page (here), of a heartbeat,
// and of a state (ages.js).

import { age, storeNow, write } from "./ages.js";
import { byId } from "./memory.js";

const LATE_AFTER = 12_000; // two polls missed
const STALE_AFTER = 45_000; // a lease has run out meanwhile: no card can be taken at its word
const MODES = { live: "Live", paused: "Paused", blind: "No data store", late: "Not updating", stale: "Not updating" };

let shownAs = "";

// What a server without its data store sends is as old as its last reading, however fresh the answer.
const asRead = (region) => region.querySelector("[data-read-at]");

export function mode(region, silentFor, paused) {
  if (silentFor >= STALE_AFTER) return "stale";
  if (silentFor >= LATE_AFTER && !paused) return "late";
  if (paused) return "paused";
  return asRead(region) ? "blind" : "live";
}

// `trouble`: why no answer came, or "". `answeredWith`: the store's time in the last one. `awaited`: one is on its way,
// and there is no banner yet.
export function tell(region, now, { silentFor, paused, trouble, answeredWith, awaited }) {
  showReadTime(asRead(region)?.dataset.readAt, silentFor, answeredWith);
  write(byId("stale-age"), `Not updated for ${Math.floor(silentFor / 1000)} s.`);
  const key = `${now} ${trouble} ${paused} ${awaited}`;
  if (key === shownAs) return;
  shownAs = key;
  document.documentElement.dataset.freshness = now;
  write(byId("freshness-mode"), paused ? MODES.paused : MODES[now]);
  write(byId("pause"), paused ? "Resume" : "Pause");
  // A paused page asks only when it is told to, and whoever told it waits for what became of it.
  const silent = now === "late" || now === "stale" || (paused && trouble !== "");
  if (!awaited) showBanner(silent, trouble, paused);
}

function showReadTime(readAt, silentFor, answeredWith) {
  byId("freshness-none").hidden = readAt !== "";
  byId("freshness-read").hidden = readAt === "";
  if (readAt === "") return;
  const ms = readAt ? Number(readAt) : answeredWith;
  write(byId("freshness-word"), readAt ? "As read at" : "Updated");
  write(byId("freshness-age"), `(${age(readAt ? storeNow() - ms : silentFor)})`);
  const utc = new Date(ms).toISOString();
  write(byId("freshness-day"), utc.slice(0, 10));
  write(byId("freshness-at"), utc.slice(11, 19));
  byId("freshness-at").title = `${utc.slice(0, 10)} ${utc.slice(11, 19)} UTC`;
}

function showBanner(silent, trouble, paused) {
  byId("stale").hidden = !silent;
  const since = byId("freshness-at").textContent;
  const newest = since ? `Nothing below is newer than ${since} UTC. ` : "";
  const next = paused ? "Updates are paused." : "Trying again.";
  write(byId("stale-text"), silent ? `${newest}${trouble ? `${trouble}. ` : ""}${next}` : "");
}
