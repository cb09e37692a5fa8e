// Older pages of the feed are kept outside the poll. A new event pushes the last row out of the newest page: once older
// rows are loaded below, it has to move down to them, or it would be missing between the two.

const byId = (id) => document.getElementById(id);
let before = [];

document.addEventListener("htmx:before:swap", (event) => {
  if (!event.detail.ctx.sourceElement.matches("[data-poll]")) return;
  before = byId("feed-older").children.length ? [...document.querySelectorAll("#feed-newest .row")] : [];
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!event.detail.ctx.sourceElement.matches("[data-poll]")) return;
  // Without a link to older events the newest page holds the whole log, and what is gone from it is gone.
  if (byId("feed-more")) {
    for (const row of before.reverse().filter((one) => !byId(one.id))) keep(row);
  }
  before = [];
});

function keep(row) {
  const day = row.querySelector("time")?.dateTime.slice(0, 10) ?? "";
  const older = byId("feed-older");
  let section = older.querySelector(".day");
  if (section?.dataset.day !== day) {
    section = byId("feed-newest").querySelector(".day").cloneNode(true);
    section.removeAttribute("id");
    section.dataset.day = day;
    section.querySelector("h3").textContent = day;
    section.querySelector("ol").replaceChildren();
    older.prepend(section);
  }
  section.querySelector("ol").prepend(row);
}

for (const trouble of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(trouble, (event) => {
    const link = event.detail.ctx?.sourceElement;
    if (link?.closest(".feed-more")) link.textContent = "Older events could not be loaded. Try again";
  });
}
