// The keyboard.

/** Calls what belongs to a key. One with Ctrl, Alt or Meta is the browser's, and so is one whose action gives `false`. */
export function onKeys(target, actions) {
  target.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = actions[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
}
