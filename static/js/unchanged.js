// What the server drew from the same facts as before is left as it is: comparing what is alike, node by node, is most of
// the work of a poll. Ages and the grades of heartbeats in it are kept by ages.js.
// The rest of the work is reading it, so the server is told which answer the page holds, and sends of a card or a
// feed that is as it was no more than its shell, which bears the same mark.

const HOLDS = "Perseus-Holds";
const SHELLS = "[data-drawn]:empty";
const ASKING = "[hx-get], [hx-post]";
const STILL = "[data-drawn][hx-morph-skip]";
const marks = new WeakMap(); // not in the page: a new mark alone is no change of it
let holds = "";

window.htmx.registerExtension("unchanged", {
  htmx_config_request: (region, { ctx }) => {
    if (holds && region.matches("[data-poll]")) ctx.request.headers[HOLDS] = holds;
    return true;
  },
  // What a poll put in was looked through when it came in; what it changed can only be a button or a link.
  htmx_before_process: (part) => {
    if (!part.parentElement?.matches("[data-poll]") || part.matches(ASKING)) return true;
    for (const one of part.querySelectorAll(ASKING)) window.htmx.process(one);
    return false;
  },
  htmx_before_morph_node: (old, { newNode }) => {
    const drawn = newNode.dataset?.drawn;
    if (!drawn) return true;
    const before = old.hasChildNodes() && (marks.get(old) ?? old.dataset.drawn);
    marks.set(old, drawn);
    return before !== drawn;
  },
  htmx_after_swap: (region, { ctx }) => {
    if (!region.matches("[data-poll]")) return true;
    // What is held still (feed.js) did not take what came.
    holds = region.querySelector(STILL) ? "" : (ctx.response?.headers.get(HOLDS) ?? "");
    if (region.querySelector(SHELLS)) {
      holds = ""; // the page was not what it was taken for: all of it again
      setTimeout(() => document.body.dispatchEvent(new CustomEvent("network:refresh")));
    }
    return true;
  },
});
