// Keeps the page honest: when it polls, what becomes of an answer, and what it says when none comes.
// htmx does the polling; this decides whether a poll may go out and whether an answer is one of ours.

import { elapsed, storeTime, tick } from "./ages.js";
import { heard, wear } from "./face.js";
import { mode, tell } from "./freshness.js";
import { listen } from "./keys.js";
import { byId, keep, recall } from "./memory.js";
import { isOlder } from "./older.js";
import { hear, say, speak } from "./said.js";

const FAILURES_BEFORE_BACKOFF = 3;
const FIRST_BACKOFF = 10_000;
const LAST_BACKOFF = 60_000;
const WORKERS_DIFFER = 2_000; // by so much one worker of the server may have read later than another

const region = document.querySelector("[data-poll]");
const limits = { green: Number(region.dataset.greenUnder), yellow: Number(region.dataset.yellowUnder) };
const openedWith = Number(region.dataset.now);
const asked = new URL(location).searchParams.get("live"); // it wins over what is remembered

let paused = asked ? asked === "off" : recall("paused") === "yes";
let failures = 0;
let trouble = "";
let answeredAt = 0;
let answeredWith = openedWith;
let nextPollAt = 0;
let ticking;

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
  const now = Number(headers.get("Perseus-Now"));
  if (status === 200 && now > 0) return takeOrLeave(event, now);
  if (status === 401 && headers.get("HX-Redirect")) return failed("You are signed out"); // htmx goes there
  event.preventDefault();
  failed(status < 400 ? "Something else answered in its place: you may have to sign in again" : `The server answered ${status}`);
});

function takeOrLeave(event, now) {
  if (!isOlder(now, answeredWith)) return;
  event.preventDefault();
  if (answeredWith - now > WORKERS_DIFFER) failed("An answer came that is older than this page");
}

document.addEventListener("htmx:error", (event) => {
  if (isPoll(event)) failed(navigator.onLine ? "The server does not answer" : "This browser is offline");
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isPoll(event)) return;
  if (failures >= FAILURES_BEFORE_BACKOFF) say(paused ? "Updated." : "Updates have resumed.");
  failures = 0;
  trouble = "";
  nextPollAt = 0;
  answeredAt = elapsed();
  answeredWith = Number(event.detail.ctx.response.headers.get("Perseus-Now"));
  storeTime(answeredWith);
  show();
});

// htmx sets the title of the page after the swap.
document.addEventListener("htmx:finally:swap", (event) => {
  if (!isPoll(event)) return;
  heard();
  wear(region, mode(region, 0, paused), paused);
});

// The server sends it with each poll, for what changed in the last minutes.
document.addEventListener("network:changed", (event) => {
  hear(event.detail, openedWith);
  speak();
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

// `awaited`: an answer was just asked for, and the banner, which is read aloud, leaves it a second.
function show(awaited = false) {
  const silentFor = elapsed() - answeredAt;
  const now = mode(region, silentFor, paused);
  wear(region, now, paused);
  if (document.hidden) return; // nobody sees the rest
  tick(region, limits, now === "live" ? 0 : silentFor);
  tell(region, now, { silentFor, paused, trouble, answeredWith, awaited });
}

function startTicking() {
  clearInterval(ticking);
  ticking = setInterval(() => {
    show();
    speak();
  }, 1000);
}

function pause() {
  paused = !paused;
  keep("paused", paused ? "yes" : "no");
  showInAddress();
  say(paused ? "Updates paused." : "Updates resumed.");
  if (!paused) refresh();
  show();
}

// So that a paused page can be passed on as one.
function showInAddress() {
  const address = new URL(location);
  if (paused === (address.searchParams.get("live") === "off")) return;
  if (paused) address.searchParams.set("live", "off");
  else address.searchParams.delete("live");
  history.replaceState(history.state, "", address);
}

document.addEventListener("pointerover", (event) => {
  const time = event.target.closest?.("time[data-at]");
  if (time) time.title = `${time.dateTime.slice(0, -1)} UTC, here ${new Date(Number(time.dataset.at)).toLocaleString()}`;
});

byId("pause").addEventListener("click", pause);
byId("refresh").addEventListener("click", (event) => {
  event.preventDefault();
  refresh();
});

function returned() {
  if (document.hidden) return;
  show(!paused);
  startTicking();
  if (!paused) refresh();
}

document.addEventListener("visibilitychange", returned);
addEventListener("online", () => !paused && refresh());
addEventListener("pageshow", (event) => event.persisted && returned());

storeTime(answeredWith, answeredAt);
showInAddress();
byId("pause").hidden = false;
byId("freshness-mode").hidden = false;
listen({ r: refresh, p: pause });
show();
startTicking();
