// Whether an answer is from before the one that is shown: a copy that somebody kept, or the store's clock was set back.
// A clock goes on while it is asked, so it is believed after some such answers in a row, each later than the one before.
// A copy never is.

const UNTIL_BELIEVED = 3;

let older = []; // the store's times in such answers

// `now`: the store's time in the answer that came, `shown`: in the last one that was taken.
export function isOlder(now, shown) {
  if (now >= shown || now < older.at(-1)) older = [];
  if (now >= shown) return false;
  if (now !== older.at(-1)) older.push(now);
  if (older.length < UNTIL_BELIEVED) return true;
  older = [];
  return false;
}
