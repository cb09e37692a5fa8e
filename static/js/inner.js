// Parts of a page that ask for themselves ([data-inner]): none asks while nobody looks, or while the page is paused.
// One that is marked "seen" asks only while it is on the screen, and at once when it comes there.

const SEEN = "[data-inner='seen']";
const inSight = new WeakSet();

const isPaused = () => document.documentElement.dataset.freshness === "paused";

document.addEventListener("htmx:config:request", (event) => {
  const part = event.detail?.ctx?.sourceElement;
  if (!part?.matches?.("[data-inner]")) return;
  const unseen = part.matches(SEEN) && !inSight.has(part);
  if (document.hidden || unseen || (isPaused() && event.detail.ctx.sourceEvent?.type !== "meter:seen")) event.preventDefault();
});

// What answers in our place, such as a page to sign in, is not put here.
document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (!sourceElement?.matches?.("[data-inner]")) return;
  if (response.status !== 200 || !response.headers.has("Perseus-Now")) event.preventDefault();
});

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) inSight.delete(target);
    else if (!inSight.has(target)) {
      inSight.add(target);
      target.dispatchEvent(new CustomEvent("meter:seen"));
    }
  }
});

for (const part of document.querySelectorAll(SEEN)) watcher.observe(part);
