// The feed holds still for whoever reads in it. While older events are loaded below, or its beginning is scrolled out
// of sight, or text in it is selected, polls leave its page alone and a button says how much is new.

import { byId } from "./memory.js";

let wanted = false; // the button was pressed: the next answer shows the newest
let begunAbove = false;

// Which pages lie on the upper edge of the window, as of the last frame. To ask where one is has the browser lay it all
// out, so that is asked only of one that may be read.
const upperEdge = new IntersectionObserver(
  (seen) => { begunAbove = seen.at(-1).isIntersecting; },
  { rootMargin: "0px 0px -100% 0px" },
);

const isPoll = (event) => event.detail?.ctx?.sourceElement?.matches?.("[data-poll]");
const events = (root) => [...root.querySelectorAll("a.exact")].map((link) => link.getAttribute("href"));

function isRead(page) {
  const selection = getSelection();
  const isSelected = !selection.isCollapsed && page.contains(selection.anchorNode);
  return isSelected || byId("feed-older").children.length > 0 || (begunAbove && page.getBoundingClientRect().top < 0);
}

if (byId("feed-page")) upperEdge.observe(byId("feed-page"));

document.addEventListener("htmx:before:swap", (event) => {
  const page = byId("feed-page");
  if (!page || !isPoll(event)) return;
  const coming = event.detail.tasks.find((task) => task.type === "main")?.fragment.querySelector("#feed-page");
  if (!coming) return;
  const isHeld = !wanted && isRead(page);
  if (wanted) byId("feed-older").replaceChildren();
  page.toggleAttribute("hx-morph-skip", isHeld);
  announce(isHeld ? events(coming) : [], new Set(events(page)));
});

function announce(coming, shown) {
  const fresh = coming.filter((name) => !shown.has(name)).length;
  const news = byId("feed-news");
  if (!fresh) return news.replaceChildren();
  const count = fresh === coming.length ? `${fresh} or more new events` : `${fresh} new event${fresh > 1 ? "s" : ""}`;
  const button = news.firstElementChild ?? news.appendChild(made());
  if (button.textContent !== count) button.textContent = count;
}

function made() {
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => {
    wanted = true;
    document.body.dispatchEvent(new CustomEvent("network:refresh"));
  });
  return button;
}

document.addEventListener("htmx:after:swap", (event) => {
  if (!wanted || !isPoll(event)) return;
  // The button is gone, so whoever goes by keyboard stands at the beginning of what it brought.
  byId("feed-title").focus({ preventScroll: true });
  byId("feed").scrollIntoView();
});

// A page of older events begins in the day that the one above ends with: its heading stands there already.
document.addEventListener("htmx:after:swap", (event) => {
  if (isPoll(event)) return;
  let above = null;
  for (const day of document.querySelectorAll(".feed-box .day")) {
    day.classList.toggle("day-goes-on", day.dataset.day === above);
    above = day.dataset.day;
  }
});

// An answer that did not come must not make a later one jump.
document.addEventListener("htmx:finally:request", (event) => {
  if (isPoll(event)) wanted = false;
});

for (const trouble of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(trouble, (event) => {
    const link = event.detail.ctx?.sourceElement;
    if (link?.closest(".feed-more")) link.textContent = "Older events could not be loaded. Try again";
  });
}
