// The one dialog of a page. It stands outside whatever is polled, so polls leave it alone.
//
// A form or a button with `data-confirm="What will happen."` asks first; the button that agrees says the act in the
// words of the one that was pressed. Without JavaScript such a form acts at once, as any other.

import { byId } from "./memory.js";

const dialog = byId("dialog");
let agree = null;
let agreed = null;

// Shows what the template holds and returns the dialog. Its first button gets the focus: put the harmless one first.
export function open(template) {
  if (dialog.open) return dialog;
  const opener = document.activeElement;
  byId("dialog-title").textContent = byId(template).dataset.title;
  byId("dialog-body").replaceChildren(byId(template).content.cloneNode(true));
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => goBack(opener), { once: true });
  return dialog;
}

// A poll may have put another element in the opener's place.
function goBack(opener) {
  if (!opener.isConnected && opener.id) byId(opener.id)?.focus();
  const act = dialog.returnValue === "yes" ? agree : null;
  agree = null;
  act?.();
}

document.addEventListener(
  "submit",
  (event) => {
    const [form, button] = [event.target, event.submitter];
    const what = button?.dataset.confirm ?? form.dataset.confirm;
    if (what === undefined || agreed === form) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(what, button?.textContent.trim() || "Go on", () => submit(form, button));
  },
  true,
);

function ask(what, act, then) {
  const shown = open("dialog-confirm");
  shown.querySelector("[data-what]").textContent = what;
  shown.querySelector("[value=yes]").textContent = act;
  agree = then;
}

function submit(form, button) {
  if (!form.isConnected) {
    byId("said").textContent = "The page changed meanwhile. Nothing was done.";
    return;
  }
  agreed = form;
  form.requestSubmit(button?.isConnected ? button : undefined);
  agreed = null;
}
