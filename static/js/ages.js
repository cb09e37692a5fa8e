// Ages and spans by the store's time, in the words of perseus/web/words.py. The browser's own clock may be wrong by
// years: only differences of it are used.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CORRECTED_BEYOND = 5 * SECOND;

const whole = (ms, unit) => Math.floor(ms / unit);

export function age(ms) {
  const passed = Math.max(ms, 0);
  for (const [unit, name] of [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"]]) {
    if (passed >= unit) return `${whole(passed, unit)} ${name} ago`;
  }
  return `${whole(passed, SECOND)} s ago`;
}

export function span(ms) {
  const passed = Math.max(ms, 0);
  if (passed < MINUTE) return `${whole(passed, SECOND)} s`;
  if (passed < HOUR) return `${whole(passed, MINUTE)} min ${whole(passed % MINUTE, SECOND)} s`;
  if (passed < DAY) return `${whole(passed, HOUR)} h ${whole(passed % HOUR, MINUTE)} min`;
  return `${whole(passed, DAY)} d ${whole(passed % DAY, HOUR)} h`;
}

let wall = Date.now();
let steady = performance.now();
let passedInAll = sinceAnswer();

// A script may come long after its page. Where the browser does not say when the page was answered, it counts from
// when it was asked for.
function sinceAnswer() {
  const [page] = performance.getEntriesByType("navigation");
  return Math.max(performance.now() - (page?.responseStart ?? 0), 0);
}

// Milliseconds since the page was answered. The steady clock stands still while a laptop sleeps and the wall clock may
// be set back, so each step counts the larger of the two: an age is never told too young.
export function elapsed() {
  const [nextWall, nextSteady] = [Date.now(), performance.now()];
  passedInAll += Math.max(nextWall - wall, nextSteady - steady, 0);
  [wall, steady] = [nextWall, nextSteady];
  return passedInAll;
}

let base = 0;
let basedAt = 0;

// Take in the store's time from an answer that came `at`, as `elapsed` counts. It is always a little late, so an earlier answer that was less late wins.
export function storeTime(ms, at = elapsed()) {
  const known = storeNow();
  if (ms > known || known - ms > CORRECTED_BEYOND) {
    base = ms;
    basedAt = at;
  }
}

export const storeNow = () => base + elapsed() - basedAt;

const SAID = { age, span };

// Say every moment under `root` again, and grade the heartbeats by `limits` ({green, yellow}, in ms) as they were `ago`
// ms before: without fresh answers an instance must not be blamed for what this browser did not hear.
export function tick(root, limits, ago) {
  const now = storeNow();
  for (const time of root.querySelectorAll("time[data-at]")) {
    rewrite(time, SAID[time.dataset.say](now - Number(time.dataset.at)));
  }
  for (const beat of root.querySelectorAll("[data-grade]")) {
    gradeBeat(beat, now - ago - Number(beat.querySelector("time").dataset.at), limits);
  }
}

// Whether it is late is for the server to say: with short heartbeats the time between two polls alone would make it so.
function gradeBeat(beat, ms, limits) {
  const grade = ms < limits.green ? "green" : ms < limits.yellow ? "yellow" : "red";
  if (beat.dataset.grade !== grade) beat.dataset.grade = grade;
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// For what changes each second. Its text node is kept: for a new one the browser asks the whole page which styles it
// touches. What is read aloud gets a new one, by `write`.
function rewrite(element, text) {
  const said = element.firstChild;
  if (!(said instanceof Text) || said.nextSibling) write(element, text);
  else if (said.data !== text) said.data = text;
}
