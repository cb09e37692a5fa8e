// What is asked of a destination: a button waits while it is asked, and says so when it could not be asked at all.

const asked = (event) => event.detail?.ctx?.sourceElement?.closest?.("form[hx-post]");

document.addEventListener("htmx:before:request", (event) => {
  const button = asked(event)?.querySelector("button");
  if (button) button.disabled = true;
});

for (const end of ["htmx:after:request", "htmx:error"]) {
  document.addEventListener(end, (event) => {
    const button = asked(event)?.querySelector("button");
    if (button) button.disabled = false;
  });
}

for (const trouble of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(trouble, (event) => {
    if (!asked(event)) return;
    const status = event.detail.ctx.response?.status;
    const answer = document.getElementById("answer");
    answer.className = "panel panel-bad";
    answer.setAttribute("role", "status");
    answer.textContent = status ? `The server refused it (${status}).` : "The server does not answer. Nothing was asked.";
  });
}
