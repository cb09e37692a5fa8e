// Keeps the page honest: when it polls, how old what it shows is, and what it says when no answer comes.
// htmx does the polling; this decides whether a poll may go out and whether an answer is one of ours.

import { age, elapsed, storeNow, storeTime, tick, write } from "./ages.js";

const LATE_AFTER = 12_000; // two polls missed
const STALE_AFTER = 45_000; // a lease has run out meanwhile: no card can be taken at its word
const FAILURES_BEFORE_BACKOFF = 3;
const FIRST_BACKOFF = 10_000;
const LAST_BACKOFF = 60_000;
const PAUSED = "perseus.paused";

const byId = (id) => document.getElementById(id);
const region = document.querySelector("[data-poll]");
const limits = { green: Number(region.dataset.greenUnder), yellow: Number(region.dataset.yellowUnder) };

let paused = remembered();
let failures = 0;
let trouble = "";
let answeredAt = elapsed();
let answeredWith = Number(region.dataset.now);
let nextPollAt = 0;
let shownAs = "";

function remembered() {
  try {
    return localStorage.getItem(PAUSED) === "yes";
  } catch {
    return false; // storage may be forbidden; the button works without it
  }
}

function remember() {
  try {
    localStorage.setItem(PAUSED, paused ? "yes" : "no");
  } catch {
    // see remembered()
  }
}

const refresh = () => document.body.dispatchEvent(new CustomEvent("network:refresh"));
const isPoll = (event) => event.detail?.ctx?.sourceElement === region;

document.addEventListener("htmx:config:request", (event) => {
  if (!isPoll(event)) return;
  const wanted = event.detail.ctx.sourceEvent?.type === "network:refresh";
  if (!wanted && (paused || document.hidden || elapsed() < nextPollAt)) event.preventDefault();
});

// A sign-in page or a proxy may answer 200 in our place: what does not carry the store's time is not swapped in.
document.addEventListener("htmx:after:request", (event) => {
  if (!isPoll(event)) return;
  const { status, headers } = event.detail.ctx.response;
  if (status === 200 && headers.get("Perseus-Now")) return;
  event.preventDefault();
  failed(status < 400 ? "Something else answered in its place: you may have to sign in again" : `The server answered ${status}`);
});

document.addEventListener("htmx:error", (event) => {
  if (isPoll(event)) failed(navigator.onLine ? "The server does not answer" : "This browser is offline");
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isPoll(event)) return;
  failures = 0;
  trouble = "";
  nextPollAt = 0;
  answeredAt = elapsed();
  answeredWith = Number(event.detail.ctx.response.headers.get("Perseus-Now"));
  storeTime(answeredWith);
  show();
});

function failed(why) {
  failures += 1;
  trouble = why;
  if (failures >= FAILURES_BEFORE_BACKOFF) {
    const wait = FIRST_BACKOFF * 2 ** (failures - FAILURES_BEFORE_BACKOFF);
    nextPollAt = elapsed() + Math.min(wait, LAST_BACKOFF);
  }
  show();
}

// What a server without its data store sends is as old as its last reading, however fresh the answer.
const asRead = () => region.querySelector("[data-read-at]");

function showReadTime(silentFor) {
  const readAt = asRead()?.dataset.readAt;
  byId("freshness-none").hidden = readAt !== "";
  byId("freshness-read").hidden = readAt === "";
  if (readAt === "") return;
  const ms = readAt ? Number(readAt) : answeredWith;
  write(byId("freshness-word"), readAt ? "As read at" : "Updated");
  write(byId("freshness-age"), `(${age(readAt ? storeNow() - ms : silentFor)})`);
  const utc = new Date(ms).toISOString();
  write(byId("freshness-at"), utc.slice(11, 19));
  byId("freshness-at").title = `${utc.slice(0, 10)} ${utc.slice(11, 19)} UTC`;
}

function mode(silentFor) {
  if (silentFor >= STALE_AFTER) return "stale";
  if (silentFor >= LATE_AFTER && !paused) return "late";
  if (paused) return "paused";
  return asRead() ? "blind" : "live";
}

const MODES = { live: "Live", paused: "Paused", blind: "No data store", late: "Not updating", stale: "Not updating" };

function show() {
  const silentFor = elapsed() - answeredAt;
  const now = mode(silentFor);
  tick(region, limits, now === "live" ? 0 : silentFor);
  const key = `${now} ${trouble} ${paused}`;
  showReadTime(silentFor);
  write(byId("stale-age"), `Not updated for ${Math.floor(silentFor / 1000)} s.`);
  if (key === shownAs) return;
  shownAs = key;
  document.documentElement.dataset.freshness = now;
  write(byId("freshness-mode"), paused ? MODES.paused : MODES[now]);
  write(byId("pause"), paused ? "Resume" : "Pause");
  showBanner(now);
}

function showBanner(now) {
  const silent = now === "late" || now === "stale";
  byId("stale").hidden = !silent;
  const since = byId("freshness-at").textContent;
  const newest = since ? `Nothing below is newer than ${since} UTC. ` : "";
  const next = paused ? "Updates are paused." : "Trying again.";
  write(byId("stale-text"), silent ? `${newest}${trouble ? `${trouble}. ` : ""}${next}` : "");
}

byId("pause").addEventListener("click", () => {
  paused = !paused;
  remember();
  write(byId("said"), paused ? "Updates paused." : "Updates resumed.");
  if (!paused) refresh();
  show();
});

document.addEventListener("pointerover", (event) => {
  const time = event.target.closest?.("time[data-at]");
  if (time) time.title = `${time.dateTime.slice(0, -1)} UTC, here ${new Date(Number(time.dataset.at)).toLocaleString()}`;
});

byId("refresh").addEventListener("click", (event) => {
  event.preventDefault();
  refresh();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) refresh();
});
window.addEventListener("online", () => !paused && refresh());
window.addEventListener("pageshow", (event) => event.persisted && refresh());

storeTime(answeredWith);
byId("pause").hidden = false;
byId("freshness-mode").hidden = false;
show();
setInterval(show, 1000);
