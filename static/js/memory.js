// What this browser remembers of its reader's wishes, and the few elements every script asks for.

export const byId = (id) => document.getElementById(id);

// Storage may be forbidden: then a wish holds until the page is left.
export function recall(key) {
  try {
    return localStorage.getItem(`perseus.${key}`);
  } catch {
    return null;
  }
}

export function keep(key, value) {
  try {
    localStorage.setItem(`perseus.${key}`, value);
  } catch {
    // see recall()
  }
}
