// Elements. Whatever stands in them that others wrote is text, and nothing but text.

const SVG = ["svg", "rect", "line", "text", "title"];

// What moves or turns text around, what is no letter, and halves of letters; lines and columns stay.
const OBEYED = /(?![\n\r\t])\p{Cc}|[\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}\p{Noncharacter_Code_Point}\ufeff\ufff9-\ufffb]/gu;

/// The text with all of that written out: a decoded body may hold it.
const shown = (text) => text.replace(OBEYED, (letter) => `\\u{${letter.codePointAt(0).toString(16)}}`);

/// `element("button", { class: "small", onclick: zoom }, "zoom")`; children may be missing.
function element(name, properties = {}, ...children) {
  const isSvg = SVG.includes(name) && properties.svg !== false;
  const made = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : shown(String(value)));
  }
  const there = children.flat().filter((child) => child !== undefined && child !== null && child !== false);
  made.append(...there.map((child) => (typeof child === "string" ? shown(child) : child)));
  return made;
}

/// A button that copies a text, and says so.
function copyButton(text, label = "copy") {
  const button = element("button", { class: "small", onclick: copy }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Not everywhere may a page of a file do that; the old way works from a click.
      const area = document.body.appendChild(element("textarea", { class: "hidden" }));
      area.value = text;
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "copied";
    setTimeout(() => (button.textContent = label), 1500);
  }
  return button;
}

const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
