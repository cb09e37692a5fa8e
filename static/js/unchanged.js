// What the server drew from the same facts as before is left as it is: comparing what is alike, node by node, is most of
// the work of a poll. Ages and the grades of heartbeats in it are kept by ages.js.

const marks = new WeakMap(); // not in the page: a new mark alone is no change of it

window.htmx.registerExtension("unchanged", {
  htmx_before_morph_node: (old, { newNode }) => {
    const drawn = newNode.dataset?.drawn;
    if (!drawn) return true;
    const before = marks.get(old) ?? old.dataset.drawn;
    marks.set(old, drawn);
    return before !== drawn;
  },
});
