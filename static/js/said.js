// The one status line for those who cannot see the page: what changed, never that a poll came. Each change is said
// once, and at most one message goes out in five seconds.

import { elapsed, write } from "./ages.js";
import { byId } from "./memory.js";

const BREATH = 5_000;
const SENTENCES = 3; // more than these at once are only counted
const REMEMBERED = 500;

const known = new Set();
let waiting = new Map(); // by exchange: of several changes of one, the newest counts
let quietUntil = 0;

// `changes`: `{id, of, text}` each, `id` an event's name `<exchange>:<ms>-<sequence>`. What happened until `since`,
// in the store's milliseconds, was on the page when it was opened.
export function hear(changes, since) {
  for (const { id, of, text } of changes) {
    const ms = Number(id.slice(id.lastIndexOf(":") + 1).split("-")[0]);
    if (known.has(id) || ms <= since) continue;
    known.add(id);
    waiting.set(of, text);
  }
  for (const id of known) {
    if (known.size <= REMEMBERED) break;
    known.delete(id);
  }
}

// Called every second, and with every answer.
export function speak() {
  if (!waiting.size || elapsed() < quietUntil) return;
  const texts = [...waiting.values()];
  say(texts.length > SENTENCES || texts.includes("") ? `${texts.length} exchanges changed their state.` : texts.join(" "));
  waiting = new Map();
  quietUntil = elapsed() + BREATH;
}

export function say(text) {
  write(byId("said"), text);
}
