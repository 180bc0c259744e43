// Elements. Whatever stands in them that others wrote is text, and nothing but text.

/** What moves or turns text around, what is no letter, and halves of letters; lines and columns stay. */
const MOVING = /(?![\n\r\t])\p{Cc}|[\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\ufeff\ufff9-\ufffb]/gu;

/** The text with all of that written out: a decoded body may hold it. */
const inert = (text) => text.replace(MOVING, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

const SVG = ["svg", "rect", "line", "text", "title"];

/**
 * `element("button", { class: "small", onclick: zoom }, "zoom")`; a text instead of the properties is the class, and
 * children may be missing.
 */
export function element(name, properties = "", ...children) {
  const made = SVG.includes(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  const given = typeof properties === "string" ? { class: properties || undefined } : properties;
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : inert(String(value)));
  }
  const there = children.flat().filter((child) => child !== undefined && child !== null && child !== false);
  made.append(...there.map((child) => (typeof child === "string" ? inert(child) : child)));
  return made;
}

/** A button that copies a text, and says whether it did. */
export function copyButton(text, [label, copied, refused] = ["copy", "copied", "not allowed"]) {
  const onclick = async () => {
    button.textContent = (await copy(text)) ? copied : refused;
    setTimeout(() => (button.textContent = label), 1200);
  };
  const button = element("button", { class: "small", type: "button", onclick }, label);
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not every page has a clipboard: a file may not, nor one of another machine. The old way works from a click.
    const take = (event) => {
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    };
    document.addEventListener("copy", take, { once: true });
    const done = document.execCommand("copy");
    document.removeEventListener("copy", take);
    return done;
  }
}
